//! Which `claude` tests run, and in what surroundings.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::LazyLock;

/// Names the real program: an absolute path.
pub const PROGRAM_VARIABLE: &str = "SPRINT_TEST_CLAUDE";

/// When set, tests fail rather than run without the real programs.
pub const REQUIRE_VARIABLE: &str = "SPRINT_TEST_REQUIRE_AGENTS";

const INSTALLED: &str = "../tests/claude-cli/node_modules";

/// Where programs are below it. The package `opencode-ai` also wants variants of itself that are
/// not always to be had, so the one for this platform is installed without it.
const PLACES: [&str; 2] = [".bin", "opencode-linux-x64/bin"];

const STAND_IN: &str = "claude-stand-in";

/// The `claude` that tests run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestCli {
    /// Where it is.
    pub program: PathBuf,
    /// Whether it is Claude Code itself, and not the stand-in.
    pub real: bool,
}

/// The real `claude` if there is one: the one that `SPRINT_TEST_CLAUDE` names, or the one that
/// `npm ci` in `sprint-agents/tests/claude-cli` has installed. Otherwise the stand-in, built now,
/// and a line on stderr says so once per process.
///
/// # Panics
///
/// When `SPRINT_TEST_CLAUDE` names no file, when there is none although
/// `SPRINT_TEST_REQUIRE_AGENTS` is set, and when the stand-in cannot be built.
#[must_use]
pub fn claude_for_tests() -> TestCli {
    static FOUND: LazyLock<TestCli> = LazyLock::new(find);
    FOUND.clone()
}

/// The program `name` that `npm ci` in `sprint-agents/tests/claude-cli` has installed: `claude`,
/// or one of the agents that speak ACP, `claude-agent-acp` and `opencode`.
///
/// # Panics
///
/// When there is none although `SPRINT_TEST_REQUIRE_AGENTS` is set.
#[must_use]
pub fn installed_for_tests(name: &str) -> Option<PathBuf> {
    let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join(INSTALLED);
    let mut places = PLACES.iter().map(|place| installed.join(place).join(name));
    // Not resolved further: programs in `.bin` are links, and some go by their own name.
    let found = places.find(|path| path.is_file());
    let required = env::var_os(REQUIRE_VARIABLE).is_some();
    assert!(
        found.is_some() || !required,
        "no {name}, and {REQUIRE_VARIABLE} is set: run `npm ci` in sprint-agents/tests/claude-cli"
    );
    found
}

/// The stand-in, whether or not the real program is there.
///
/// # Panics
///
/// When it cannot be built.
#[must_use]
pub fn stand_in_for_tests() -> TestCli {
    static BUILT: LazyLock<PathBuf> = LazyLock::new(build_stand_in);
    TestCli {
        program: BUILT.clone(),
        real: false,
    }
}

/// The whole environment of a `claude` under test, which asks the API at `base_url`, and keeps
/// its configuration and sessions below `home`. Nothing of the developer's own gets in.
#[must_use]
pub fn test_environment(base_url: &str, home: &Path) -> Vec<(&'static str, OsString)> {
    let on = || "1".into();
    vec![
        ("PATH", env::var_os("PATH").unwrap_or_default()),
        ("HOME", home.into()),
        ("CLAUDE_CONFIG_DIR", home.join(".claude").into()),
        ("LANG", "C.UTF-8".into()),
        ("TERM", "dumb".into()),
        ("ANTHROPIC_BASE_URL", base_url.into()),
        ("ANTHROPIC_API_KEY", "sk-ant-a-key-for-tests".into()),
        ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", on()),
        ("DISABLE_AUTOUPDATER", on()),
        ("CLAUDE_CODE_DISABLE_BACKGROUND_TASKS", on()),
        ("CLAUDE_CODE_MAX_RETRIES", "0".into()),
    ]
}

fn find() -> TestCli {
    if let Some(program) = env::var_os(PROGRAM_VARIABLE).map(PathBuf::from) {
        assert!(program.is_file(), "{PROGRAM_VARIABLE} names no file");
        return TestCli {
            program,
            real: true,
        };
    }
    if let Some(program) = installed_for_tests("claude") {
        return TestCli {
            program,
            real: true,
        };
    }
    eprintln!(
        "SKIPPED real Claude Code CLI: not installed (`npm ci` in \
         sprint-agents/tests/claude-cli); using the stand-in"
    );
    stand_in_for_tests()
}

/// Cargo builds the programs of a package only for its own tests.
fn build_stand_in() -> PathBuf {
    let here = env::current_exe().expect("a test has a path");
    // <target>/<profile>/deps/<test>, or examples/<example>
    let output = here.ancestors().nth(2).expect("cargo's layout");
    let (target, profile) = output
        .parent()
        .zip(output.file_name())
        .expect("cargo's layout");
    let built = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--quiet", "-p", "scripted-api", "--bin", STAND_IN])
        .arg("--manifest-path")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .arg("--target-dir")
        .arg(target)
        .arg("--profile")
        .arg(if profile == "debug" {
            "dev".as_ref()
        } else {
            profile
        })
        .status();
    let succeeded = built.as_ref().is_ok_and(ExitStatus::success);
    assert!(succeeded, "{STAND_IN} cannot be built: {built:?}");
    output.join(STAND_IN)
}
