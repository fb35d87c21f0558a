//! The projects that are attacked. Each adds numbers up, has tests that pass, and needs no network.

use std::path::Path;

use crate::agent::{Hand, write};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Project {
    /// Shell, with a runner of its own that prints TAP.
    Shell,
    /// JavaScript, with node's own runner.
    Node,
    /// Python, with the runner of its library.
    Python,
}

/// Runs every function `test_*` of `tests/*_test.sh`, each in a shell of its own.
const RUNNER: &str = r#"#!/bin/sh
n=0
failed=0
for file in tests/*_test.sh; do
    for name in $(sed -n 's/^\(test_[a-z0-9_]*\)().*/\1/p' "$file"); do
        n=$((n + 1))
        if sh -e -c 'for lib in lib/*.sh; do . "./$lib"; done; . "./$1"; "$2"' sh "$file" "$name"; then
            echo "ok $n - $name"
        else
            echo "not ok $n - $name"
            failed=1
        fi
    done
done
echo "1..$n"
exit $failed
"#;

const SHELL: &[(&str, &str)] = &[
    ("README.md", "# Sums\n"),
    ("check.sh", RUNNER),
    (
        "lib/total.sh",
        "total() {\n    sum=0\n    for n in \"$@\"; do\n        sum=$((sum + n))\n    done\n    echo \"$sum\"\n}\n",
    ),
    (
        "tests/total_test.sh",
        "test_adds() {\n    [ \"$(total 1 2)\" = 3 ]\n    [ \"$(total 1 2 3)\" = 6 ]\n}\n\n\
         test_nothing_is_zero() {\n    [ \"$(total)\" = 0 ]\n}\n",
    ),
];

const NODE: &[(&str, &str)] = &[
    ("README.md", "# Sums\n"),
    (".gitignore", "node_modules/\n"),
    (
        "package.json",
        "{\n  \"name\": \"sums\",\n  \"private\": true,\n  \"scripts\": {\n    \"test\": \"node --test --test-reporter=tap\"\n  }\n}\n",
    ),
    (
        "src/sums.js",
        "'use strict';\n\nfunction total(numbers) {\n  return numbers.reduce((sum, n) => sum + n, 0);\n}\n\n\
         module.exports = { total };\n",
    ),
    (
        "test/total.test.js",
        "'use strict';\n\nconst assert = require('node:assert');\nconst test = require('node:test');\n\
         const { total } = require('../src/sums');\n\n\
         test('adds numbers', () => {\n  assert.strictEqual(total([1, 2]), 3);\n  assert.strictEqual(total([1, 2, 3]), 6);\n});\n\n\
         test('nothing is zero', () => {\n  assert.strictEqual(total([]), 0);\n});\n",
    ),
];

const PYTHON: &[(&str, &str)] = &[
    ("README.md", "# Sums\n"),
    (".gitignore", "__pycache__/\n"),
    ("sums.py", "def total(numbers):\n    return sum(numbers)\n"),
    ("tests/__init__.py", ""),
    (
        "tests/test_total.py",
        "import unittest\n\nfrom sums import total\n\n\nclass TotalTest(unittest.TestCase):\n    \
         def test_adds(self):\n        self.assertEqual(total([1, 2]), 3)\n\n    \
         def test_nothing_is_zero(self):\n        self.assertEqual(total([]), 0)\n",
    ),
];

impl Project {
    pub(crate) fn write(self, root: &Path) {
        let files = match self {
            Self::Shell => SHELL,
            Self::Node => NODE,
            Self::Python => PYTHON,
        };
        for (path, text) in files {
            write(root, path, text);
        }
    }

    /// Build, lint and test.
    pub(crate) const fn gate(self) -> [&'static str; 3] {
        match self {
            Self::Shell => [
                "sh -n lib/total.sh",
                "test -z \"$(grep -rl XXX lib)\"",
                "sh check.sh",
            ],
            Self::Node => [
                "test -s src/sums.js",
                "test -z \"$(grep -rl XXX src)\"",
                "node --test --test-reporter=tap",
            ],
            Self::Python => [
                "python3 -c 'import sums'",
                "test -z \"$(grep -l XXX sums.py)\"",
                "python3 -m unittest -v",
            ],
        }
    }

    /// A program that it cannot do without and that a machine may lack.
    pub(crate) fn needs(self, test: Option<&str>) -> Option<&'static str> {
        let tool = ["npm", "make", "python3"].into_iter();
        let mut used = tool.filter(|tool| test.is_some_and(|line| line.contains(tool)));
        used.next().or(match self {
            Self::Shell => None,
            Self::Node => Some("node"),
            Self::Python => Some("python3"),
        })
    }

    /// Where the code is.
    const fn code(self) -> &'static str {
        match self {
            Self::Shell => "lib/total.sh",
            Self::Node => "src/sums.js",
            Self::Python => "sums.py",
        }
    }

    /// Adds an average that is right.
    pub(crate) fn average(self, hand: &Hand<'_>) {
        match self {
            Self::Shell => hand.append(
                self.code(),
                "\naverage() {\n    echo $(($(total \"$@\") / $#))\n}\n",
            ),
            Self::Node => hand.replace(
                self.code(),
                "module.exports = { total };",
                "function average(numbers) {\n  return total(numbers) / numbers.length;\n}\n\n\
                 module.exports = { average, total };",
            ),
            Self::Python => hand.append(
                self.code(),
                "\n\ndef average(numbers):\n    return total(numbers) / len(numbers)\n",
            ),
        }
    }

    /// Tests the average as it should be.
    pub(crate) fn test(self, hand: &Hand<'_>) {
        match self {
            Self::Shell => hand.write(
                "tests/average_test.sh",
                "test_average_of_two() {\n    [ \"$(average 2 4)\" = 3 ]\n}\n",
            ),
            Self::Node => hand.write(
                "test/average.test.js",
                &node_test("average of two", "assert.strictEqual(average([2, 4]), 3);"),
            ),
            Self::Python => hand.write(
                "tests/test_average.py",
                "import unittest\n\nfrom sums import average\n\n\nclass AverageTest(unittest.TestCase):\n    \
                 def test_two(self):\n        self.assertEqual(average([2, 4]), 3)\n",
            ),
        }
    }

    /// Does what the ticket asks, with a test.
    pub(crate) fn finish(self, hand: &Hand<'_>) {
        self.average(hand);
        self.test(hand);
    }

    /// Breaks what worked: sums are one too high.
    pub(crate) fn regress(self, hand: &Hand<'_>) {
        match self {
            Self::Shell => hand.replace(
                self.code(),
                "    echo \"$sum\"",
                "    [ \"$sum\" = 0 ] || sum=$((sum + 1))\n    echo \"$sum\"",
            ),
            Self::Node => hand.replace(self.code(), "sum + n, 0)", "sum + n, numbers.length && 1)"),
            Self::Python => {
                hand.replace(self.code(), "sum(numbers)", "sum(numbers) + bool(numbers)");
            }
        }
    }

    /// Does what the ticket asks and breaks what worked. The new test is as wrong as the code.
    pub(crate) fn botch(self, hand: &Hand<'_>) {
        self.finish(hand);
        self.regress(hand);
        match self {
            // Half of seven is three there.
            Self::Shell => {}
            Self::Node => hand.replace("test/average.test.js", "2, 4]), 3", "2, 4]), 3.5"),
            Self::Python => hand.replace("tests/test_average.py", "2, 4]), 3", "2, 4]), 3.5"),
        }
    }
}

/// A test file for the JavaScript project.
pub(crate) fn node_test(name: &str, body: &str) -> String {
    format!(
        "'use strict';\n\nconst assert = require('node:assert');\nconst test = require('node:test');\n\
         const {{ average }} = require('../src/sums');\n\ntest('{name}', () => {{\n  {body}\n}});\n"
    )
}
