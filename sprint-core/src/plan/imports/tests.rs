use proptest::prelude::*;

use super::*;

/// What `from` imports of the repository's files, sorted.
fn check(files: &[&str], from: &str, text: &str, expected: &[&str]) {
    let exists = |path: &RepoPath| {
        let below = format!("{}/", path.as_str());
        files
            .iter()
            .any(|file| *file == path.as_str() || file.starts_with(&below))
    };
    let found = neighbourhood([(&RepoPath::from(from), text)], &exists);
    let found: Vec<_> = found.iter().map(RepoPath::as_str).collect();
    assert_eq!(found, expected, "{from}: {text}");
}

#[test]
fn javascript_and_typescript() {
    let files = [
        "src/a.ts",
        "src/b/index.tsx",
        "src/b/c.js",
        "lib/d.mts",
        "src/e.json",
    ];
    let check = |from, text, expected| check(&files, from, text, expected);
    check("src/m.ts", "import x from './a'", &["src/a.ts"]);
    check(
        "src/m.ts",
        "import {\n  x, // './e.json'\n  y,\n} from \"./a\";",
        &["src/a.ts"],
    );
    check(
        "src/m.ts",
        "import './a.js'; export * from './b';",
        &["src/a.ts", "src/b/index.tsx"],
    );
    check(
        "src/m.ts",
        "const c = require('./b/c'); await import(`../lib/d.mjs`)",
        &["lib/d.mts", "src/b/c.js"],
    );
    check(
        "src/b/c.js",
        "import e from '../e.json?raw'; import a from '..//./a'",
        &["src/a.ts", "src/e.json"],
    );
    check(
        "src/m.ts",
        "import type { T } from './a'; /* import './b' */ // import './b'",
        &["src/a.ts"],
    );
    check(
        "src/m.ts",
        "s = \"import './b'\"; Array.from('./b'); import react from 'react'",
        &[],
    );
    check("src/m.ts", "import '../../src/a'; import './m'", &[]);
}

#[test]
fn python_modules() {
    let files = [
        "app/__init__.py",
        "app/a.py",
        "app/b/__init__.py",
        "app/b/c.py",
        "src/lib/d.py",
    ];
    let check = |from, text, expected| check(&files, from, text, expected);
    check("app/b/c.py", "from ..a import x", &["app/a.py"]);
    check(
        "app/b/c.py",
        "from .. import a, b as other",
        &["app/a.py", "app/b/__init__.py"],
    );
    check("app/b/c.py", "from . import name", &["app/b/__init__.py"]);
    check(
        "app/x.py",
        "import app.b.c as c, app.a\nimport os",
        &["app/a.py", "app/b/c.py"],
    );
    check(
        "tests/t.py",
        "from app.b import (\n    c,  # from app import a\n    thing,\n)",
        &["app/b/__init__.py", "app/b/c.py"],
    );
    check(
        "tests/t.py",
        "from app.a import *; import lib.d",
        &["app/a.py", "src/lib/d.py"],
    );
    check(
        "tests/t.py",
        "def f():\n    from app \\\n        import a",
        &["app/a.py"],
    );
    check(
        "tests/t.py",
        "'''\nimport app.a\n'''\nx = 'import app.a'\nimporter = app.a",
        &[],
    );
    check("t.py", "from ... import a", &[]);
}

#[test]
fn rust_modules() {
    let files = [
        "core/src/lib.rs",
        "core/src/plan/mod.rs",
        "core/src/plan/a.rs",
        "core/src/run.rs",
        "core/src/run/b.rs",
        "core/tests/it.rs",
        "core/tests/support/mod.rs",
    ];
    let check = |from, text, expected| check(&files, from, text, expected);
    check(
        "core/src/run/b.rs",
        "use crate::plan::a::Thing;",
        &["core/src/plan/a.rs"],
    );
    check(
        "core/src/run/b.rs",
        "use crate::plan::{self, a::{X, Y as Z}};\nuse super::*;",
        &[
            "core/src/plan/a.rs",
            "core/src/plan/mod.rs",
            "core/src/run.rs",
        ],
    );
    check(
        "core/src/run.rs",
        "pub mod b;\nmod inline { use super::x; }\nuse self::b::B;",
        &["core/src/run/b.rs"],
    );
    check("core/src/plan/mod.rs", "mod a;", &["core/src/plan/a.rs"]);
    check(
        "core/src/plan/a.rs",
        "use crate::Top;",
        &["core/src/lib.rs"],
    );
    check(
        "core/src/plan/a.rs",
        "pub(crate) use super::super::run::b as c;",
        &["core/src/run/b.rs"],
    );
    check(
        "core/tests/it.rs",
        "mod support;\nuse core::plan::a;",
        &["core/tests/support/mod.rs"],
    );
    check(
        "core/src/plan/a.rs",
        "mod tests {\n    use super::*;\n    use crate::run::b;\n}",
        &["core/src/run/b.rs"],
    );
    check(
        "core/src/plan/a.rs",
        "// use crate::run;\nlet s = r#\"\"use crate::run;\"#; 'l: loop { '\\'' } /* use crate::run; */",
        &[],
    );
    check(
        "core/src/plan/a.rs",
        "use std::{fmt, io};\nuse super::super::super::x;",
        &[],
    );
}

#[test]
fn go_packages() {
    let files = ["internal/store/store.go", "cmd/tool/main.go", "json/x.go"];
    let check = |text, expected| check(&files, "cmd/tool/main.go", text, expected);
    check(
        "import \"example.org/u/r/internal/store\"",
        &["internal/store"],
    );
    check(
        "import (\n\t\"fmt\"\n\ts \"r/internal/store\"\n\t_ `r/cmd/tool` // \"r/json\"\n)",
        &["cmd/tool", "internal/store"],
    );
    check("import \"json\"\nvar s = \"r/internal/store\"", &[]);
    check("import \"r/../json\"", &[]);
}

#[test]
fn other_languages_import_nothing() {
    assert_eq!(imports(&RepoPath::from("a.md"), "import './a'"), []);
    assert_eq!(imports(&RepoPath::from("Makefile"), "import './a'"), []);
}

proptest! {
    #[test]
    fn any_text_can_be_read(
        name in "[a-c./]{0,6}", ending in "js|py|rs|go",
        text in "(import|from|use|mod|crate|super|self|require|as| |[\\n\"'`#/*\\\\(){},:;.r]|'''|::|\\./|\\.\\./|\\PC){0,40}",
    ) {
        let path = RepoPath::from(format!("{name}.{ending}").as_str());
        for import in imports(&path, &text) {
            let found = resolve(&import, &path, &|_| true);
            prop_assert!(found.is_none_or(|p| !p.as_str().split('/').any(|part| part == "..") || name.contains("..")));
        }
    }
}
