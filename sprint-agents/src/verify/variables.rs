//! Variables that void or bend what a gate says.
//!
//! None of them is inherited: they are here because somebody handed them to the verifier, and the
//! report has to say so.

use std::ffi::OsStr;
use std::path::Path;

use sprint_core::domain::verdict::{Finding, FindingKind};

use super::programs::is_inside;
use crate::environment::Environment;

/// What a variable can do to a run.
struct Rule {
    /// Its name; a star stands for any text.
    name: &'static str,
    voids: Voids,
    why: &'static str,
}

/// When a run with the variable proves nothing. Otherwise it is bent, and that is remarked on.
enum Voids {
    Always,
    Never,
    /// If it names a place in the checked tree.
    Inside,
    /// If one of these is in it.
    With(&'static [&'static str]),
    /// If one of these letters is among the flags at its beginning.
    Flags(&'static str),
}

const fn rule(name: &'static str, voids: Voids, why: &'static str) -> Rule {
    Rule { name, voids, why }
}

use Voids::{Always, Flags, Inside, Never, With};

const LOADS: &str = "loads code into every program";
const SHELL: &str = "makes shells run another file first";
const OPTIONS: &str = "adds options to the test runner";
const COMPILER: &str = "changes how the code is compiled";
const WRAPPER: &str = "puts a program in the place of the compiler";
const MODULES: &str = "changes where modules are found";
const GIT: &str = "sends git to another place, or to other settings";
const MAKE: &[&str] = &[
    "--ignore-errors",
    "--just-print",
    "--dry-run",
    "--touch",
    "--question",
];
const NODE: &[&str] = &[
    "--require",
    "-r ",
    "--import",
    "--loader",
    "--experimental-loader",
    "--test-name-pattern",
];
const SKIPS_TESTS: &[&str] = &[
    "skipTests",
    "maven.test.",
    "-fn",
    "--fail-never",
    "-javaagent",
];

/// Every variable that matters here.
const RULES: &[Rule] = &[
    // The loader and the shell.
    rule("LD_PRELOAD", Always, LOADS),
    rule("LD_AUDIT", Always, LOADS),
    rule("LD_LIBRARY_PATH", Inside, LOADS),
    rule("DYLD_INSERT_LIBRARIES", Always, LOADS),
    rule("DYLD_LIBRARY_PATH", Inside, LOADS),
    rule("BASH_ENV", Always, SHELL),
    rule("ENV", Always, SHELL),
    rule(
        "BASH_FUNC_*",
        Always,
        "puts a shell function in the place of a program",
    ),
    rule(
        "SHELLOPTS",
        With(&["noexec"]),
        "changes how the shell runs commands",
    ),
    rule("BASHOPTS", Never, "changes how the shell runs commands"),
    rule("CDPATH", Never, "changes where `cd` leads"),
    // Python.
    rule("PYTEST_ADDOPTS", Always, OPTIONS),
    rule(
        "PYTEST_PLUGINS",
        Always,
        "loads plugins into the test runner",
    ),
    rule("PYTHONOPTIMIZE", Always, "takes assertions out of the code"),
    rule(
        "PYTHONSTARTUP",
        Never,
        "runs a file in interactive sessions",
    ),
    rule("PYTHONPATH", Never, MODULES),
    rule("PYTHONHOME", Inside, MODULES),
    // JavaScript.
    rule(
        "NODE_OPTIONS",
        With(NODE),
        "adds options to every node process",
    ),
    rule("NODE_PATH", Never, MODULES),
    rule("JEST_*", Never, OPTIONS),
    rule("VITEST_*", Never, OPTIONS),
    rule("MOCHA_OPTIONS", Never, OPTIONS),
    rule(
        "npm_config_script_shell",
        Always,
        "puts a program in the place of the shell",
    ),
    rule(
        "NPM_CONFIG_SCRIPT_SHELL",
        Always,
        "puts a program in the place of the shell",
    ),
    rule(
        "npm_config_if_present",
        Always,
        "makes a missing script succeed",
    ),
    rule(
        "NPM_CONFIG_IF_PRESENT",
        Always,
        "makes a missing script succeed",
    ),
    rule("npm_config_*", Never, "changes the settings of npm"),
    rule("NPM_CONFIG_*", Never, "changes the settings of npm"),
    // Rust.
    rule("RUSTC", Inside, WRAPPER),
    rule("RUSTDOC", Inside, WRAPPER),
    rule("RUSTC_WRAPPER", Inside, WRAPPER),
    rule("RUSTC_WORKSPACE_WRAPPER", Inside, WRAPPER),
    rule("CARGO_BUILD_RUSTC*", Inside, WRAPPER),
    rule(
        "CARGO_TARGET_*_RUNNER",
        Always,
        "runs another program in the place of the tests",
    ),
    rule(
        "CARGO_ALIAS_*",
        Always,
        "gives a command of cargo another meaning",
    ),
    rule("RUSTFLAGS", With(&["--cap-lints"]), COMPILER),
    rule("CARGO_ENCODED_RUSTFLAGS", With(&["--cap-lints"]), COMPILER),
    rule("CARGO_BUILD_RUSTFLAGS", With(&["--cap-lints"]), COMPILER),
    rule("CARGO_TARGET_*_RUSTFLAGS", With(&["--cap-lints"]), COMPILER),
    rule("RUSTDOCFLAGS", Never, COMPILER),
    rule("NEXTEST_*", Never, OPTIONS),
    // Go.
    rule(
        "GOFLAGS",
        With(&[
            "-run",
            "-skip",
            "-exec",
            "-toolexec",
            "-overlay",
            "-list",
            "-vet=off",
            "-n",
        ]),
        "adds options to every go command",
    ),
    rule("GOTESTFLAGS", Never, OPTIONS),
    // Make.
    rule("MAKEFLAGS", Flags("intq"), "adds options to make"),
    rule("MFLAGS", Flags("intq"), "adds options to make"),
    rule("GNUMAKEFLAGS", Flags("intq"), "adds options to make"),
    // The JVM.
    rule(
        "JAVA_TOOL_OPTIONS",
        With(SKIPS_TESTS),
        "adds options to every Java process",
    ),
    rule(
        "_JAVA_OPTIONS",
        With(SKIPS_TESTS),
        "adds options to every Java process",
    ),
    rule(
        "JDK_JAVA_OPTIONS",
        With(SKIPS_TESTS),
        "adds options to every Java process",
    ),
    rule("MAVEN_OPTS", With(SKIPS_TESTS), "adds options to Maven"),
    rule("MAVEN_ARGS", With(SKIPS_TESTS), "adds options to Maven"),
    rule("GRADLE_OPTS", With(SKIPS_TESTS), "adds options to Gradle"),
    // Ruby, Perl, PHP.
    rule(
        "RUBYOPT",
        With(&["-r"]),
        "adds options to every Ruby process",
    ),
    rule(
        "PERL5OPT",
        With(&["-M", "-m", "-c"]),
        "adds options to every Perl process",
    ),
    rule("PHP_INI_SCAN_DIR", Inside, "changes the settings of PHP"),
    // Git, for tests that look at the repository.
    rule("GIT_DIR", Never, GIT),
    rule("GIT_WORK_TREE", Never, GIT),
    rule("GIT_COMMON_DIR", Never, GIT),
    rule("GIT_INDEX_FILE", Never, GIT),
    rule("GIT_OBJECT_DIRECTORY", Never, GIT),
    rule("GIT_ALTERNATE_OBJECT_DIRECTORIES", Never, GIT),
    rule("GIT_NAMESPACE", Never, GIT),
    rule("GIT_CONFIG*", Never, GIT),
    rule("GIT_EXEC_PATH", Inside, GIT),
    rule("GIT_TEMPLATE_DIR", Never, GIT),
    rule("GIT_EXTERNAL_DIFF", Never, GIT),
];

/// What is to be said of the variables that commands in `directory` get.
pub(super) fn findings(environment: &Environment, directory: &Path) -> Vec<Finding> {
    environment
        .iter()
        .filter_map(|(name, value)| {
            let name = name.to_string_lossy();
            let rule = RULES.iter().find(|rule| matches(rule.name, &name))?;
            Some(rule.finding(&name, value, directory))
        })
        .collect()
}

impl Rule {
    fn finding(&self, name: &str, value: &OsStr, directory: &Path) -> Finding {
        let why = self.why;
        if self.voids(value, directory) {
            let message = format!(
                "the variable `{name}` {why}: with this value, what the commands say proves nothing"
            );
            Finding::blocking(FindingKind::UntrustedRun, message)
        } else {
            let message = format!("the variable `{name}` {why}");
            Finding::remark(FindingKind::UntrustedRun, message)
        }
    }

    fn voids(&self, value: &OsStr, directory: &Path) -> bool {
        let text = value.to_string_lossy();
        match self.voids {
            Never => false,
            // Set to nothing it does nothing.
            Always => !value.is_empty(),
            Inside => {
                !value.is_empty()
                    && std::env::split_paths(value).any(|path| is_inside(&path, directory))
            }
            With(parts) => parts.iter().any(|part| text.contains(part)),
            Flags(letters) => {
                let first = text.split_whitespace().next().unwrap_or("");
                let given = |c: char| letters.contains(c);
                let short = !first.starts_with("--") && !first.contains('=');
                (short && first.contains(given)) || MAKE.iter().any(|flag| text.contains(flag))
            }
        }
    }
}

/// Whether `name` is what `pattern` says.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, end)) => {
            name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
        }
    }
}

#[cfg(test)]
mod tests {
    use sprint_core::domain::verdict::Severity;

    use super::*;

    fn check(name: &str, value: &str, expect: Option<Severity>) {
        let environment = Environment::empty().with(name, value);
        let found = findings(&environment, Path::new("/project"));
        let seen = found.first().map(|finding| finding.severity);
        assert_eq!(seen, expect, "{name}={value}");
    }

    #[test]
    fn every_rule_remarks_or_voids() {
        for rule in RULES {
            let name = rule.name.replace('*', "X");
            let voiding = match rule.voids {
                Always => Some("x"),
                Never => None,
                Inside => Some("/project/x"),
                With(parts) => Some(parts[0]),
                Flags(_) => Some("ki"),
            };
            check(&name, "", Some(Severity::Medium));
            if let Some(value) = voiding {
                check(&name, value, Some(Severity::High));
            } else {
                check(&name, "/project/x", Some(Severity::Medium));
            }
        }
    }

    #[test]
    fn harmless_values_of_risky_variables_are_remarks() {
        for (name, value) in [
            ("LD_LIBRARY_PATH", "/opt/lib:/usr/lib"),
            ("NODE_OPTIONS", "--max-old-space-size=4096"),
            ("RUSTC_WRAPPER", "/usr/bin/sccache"),
            ("RUSTFLAGS", "-D warnings"),
            ("GOFLAGS", "-mod=mod"),
            ("MAKEFLAGS", "-j8"),
            ("MAKEFLAGS", "--jobs=8"),
            ("MAKEFLAGS", "TESTS=unit"),
            ("MAVEN_OPTS", "-Xmx2g"),
            ("RUBYOPT", "-W0"),
        ] {
            check(name, value, Some(Severity::Medium));
        }
    }

    #[test]
    fn values_that_void_are_known() {
        for (name, value) in [
            ("LD_LIBRARY_PATH", "/usr/lib:lib"),
            ("LD_LIBRARY_PATH", "/usr/lib:"),
            ("RUSTC_WRAPPER", "/project/rustc"),
            ("NODE_OPTIONS", "--max-old-space-size=4096 --require ./x.js"),
            ("MAKEFLAGS", "kn"),
            ("MAKEFLAGS", "-j8 --ignore-errors"),
            ("MAVEN_ARGS", "-DskipTests"),
            ("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER", "true"),
            ("BASH_FUNC_cargo%%", "() { true; }"),
        ] {
            check(name, value, Some(Severity::High));
        }
    }

    #[test]
    fn what_every_environment_has_is_not_mentioned() {
        assert_eq!(findings(&Environment::inherit(), Path::new("/project")), []);
    }

    #[test]
    fn the_words_say_what_the_variable_does_and_not_its_value() {
        let environment = Environment::empty()
            .with("PYTEST_ADDOPTS", "-k nothing")
            .with("RUSTFLAGS", "-D warnings");
        let found = findings(&environment, Path::new("/project"));
        let text: Vec<_> = found.into_iter().map(|finding| finding.message).collect();
        insta::assert_snapshot!(text.join("\n"), @r"
        the variable `PYTEST_ADDOPTS` adds options to the test runner: with this value, what the commands say proves nothing
        the variable `RUSTFLAGS` changes how the code is compiled
        ");
    }
}
