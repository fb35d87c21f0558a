//! Variables that void a run without a word in its command.

/// Launchers of compilers that only cache what they compile.
const CACHES: &[&str] = &["", "sccache", "ccache", "cachepot"];

/// Flags of runners by which tests stay out, or code comes in.
const NODE: &[&str] = &[
    "-r",
    "--require",
    "--import",
    "--loader",
    "--experimental-loader",
    "--test-only",
    "--test-name-pattern",
    "--test-skip-pattern",
];
const GO: &[&str] = &["-run", "-skip", "-list", "-exec", "-toolexec", "-c"];
const RUST: &[&str] = &["--cap-lints", "-A", "--allow"];
const MAVEN: &[&str] = &["-DskipTests", "-Dmaven.test.skip", "-fn", "--fail-never"];
const MAKE: &[&str] = &[
    "--ignore-errors",
    "--dry-run",
    "--just-print",
    "--recon",
    "--touch",
    "--question",
];

/// Whether a variable, set to this, may make a run succeed that should not.
pub(super) fn voids(name: &str, value: &str) -> bool {
    let value = value.trim().trim_matches(['"', '\'']);
    let has = |flags: &[&str]| {
        value.split_whitespace().any(|word| {
            let flag = word.trim_matches(['"', '\'']);
            flags.contains(&flag.split('=').next().unwrap_or(flag))
        })
    };
    match name {
        "NODE_OPTIONS" => has(NODE),
        "PYTHONOPTIMIZE" => !matches!(value, "" | "0"),
        "PYTEST_ADDOPTS" => has(super::knobs::LEAVE_OUT),
        "GOFLAGS" => has(GO),
        "RUSTFLAGS" => has(RUST) || value.split_whitespace().any(|word| word.starts_with("-A")),
        "RUSTC" | "RUSTDOC" | "RUSTC_WRAPPER" | "RUSTC_WORKSPACE_WRAPPER" => {
            !CACHES.contains(&value) && value != name.to_lowercase()
        }
        "MAVEN_OPTS" | "MAVEN_ARGS" | "JAVA_TOOL_OPTIONS" => {
            has(MAVEN) || value.contains("-javaagent")
        }
        "RUBYOPT" | "PERL5OPT" => value.split_whitespace().any(is_load),
        "PYTEST_PLUGINS" | "LD_PRELOAD" | "DYLD_INSERT_LIBRARIES" | "BASH_ENV" => !value.is_empty(),
        "MAKEFLAGS" | "GNUMAKEFLAGS" | "MFLAGS" => has(MAKE) || ignores(value),
        "npm_config_script_shell" => !is_shell(value),
        "npm_config_if_present" => value == "true",
        "npm_config_node_options" => has(NODE),
        "PATH" => value.split(':').any(is_planted),
        _ => {
            let runs = name.starts_with("CARGO_TARGET_") && name.ends_with("_RUNNER");
            runs && !value.is_empty()
        }
    }
}

/// Whether a program is a shell as everybody has it, found by its name or where systems keep it.
pub(super) fn is_shell(value: &str) -> bool {
    const SYSTEM: &[&str] = &["/bin/", "/usr/bin/", "/usr/local/bin/", "/usr/bin/env "];
    const NAMES: &[&str] = &[
        "sh",
        "bash",
        "dash",
        "zsh",
        "ksh",
        "pwsh",
        "powershell",
        "cmd",
        "cmd.exe",
        "bash.exe",
        "pwsh.exe",
        "powershell.exe",
    ];
    let value = value.trim().trim_matches(['"', '\'']);
    let name = SYSTEM.iter().find_map(|place| value.strip_prefix(place));
    NAMES.contains(&name.unwrap_or(value))
}

/// `-rfile`, `-Mmodule`.
fn is_load(word: &str) -> bool {
    word.starts_with("-r") || word.starts_with("-M") || word.starts_with("-m")
}

/// Letters by which make ignores failures, or runs nothing: `-i`, or without a dash as the first.
fn ignores(value: &str) -> bool {
    value.split_whitespace().enumerate().any(|(at, word)| {
        let letters = match word.strip_prefix('-') {
            Some(letters) => letters,
            None if at == 0 && !word.contains('=') => word,
            None => return false,
        };
        // `-Otarget` has an argument.
        let takes = letters.starts_with(['-', 'O', 'j', 'l', 'I', 'C', 'W', 'o', 'f', '$']);
        !takes && letters.contains(['i', 'n', 't', 'q'])
    })
}

/// Whether an entry of a search path is a directory of the repository where no tool installs.
fn is_planted(entry: &str) -> bool {
    let entry = entry.trim_matches(['"', '\'']);
    let here = ["./", "$PWD/", "${PWD}/", "$(pwd)/", "$(CURDIR)/"];
    let inside = here.iter().find_map(|prefix| entry.strip_prefix(prefix));
    let relative = !entry.starts_with(['/', '$', '~', '%']);
    let usual = matches!(
        inside.unwrap_or(entry),
        "node_modules/.bin" | ".venv/bin" | "venv/bin" | "vendor/bin"
    );
    (inside.is_some() || relative) && !usual
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_voids_a_run_is_told_from_what_does_not() {
        let rows = [
            (
                "NODE_OPTIONS",
                "--require=./q.js",
                "--max-old-space-size=4096",
            ),
            (
                "NODE_OPTIONS",
                "--import ./q.mjs",
                "--experimental-vm-modules",
            ),
            ("PYTHONOPTIMIZE", "1", "0"),
            ("PYTEST_ADDOPTS", "-k nothing", "--color=yes"),
            ("RUSTC_WRAPPER", "./rustc.sh", "sccache"),
            ("RUSTFLAGS", "--cap-lints allow", "-D warnings"),
            ("CARGO_TARGET_ARM_RUNNER", "true", ""),
            ("GOFLAGS", "-run=^$", "-mod=vendor"),
            ("LD_PRELOAD", "./x.so", ""),
            ("MAKEFLAGS", "-i", "--no-print-directory -j4"),
            ("MAKEFLAGS", "ki", "-Otarget"),
            ("MAVEN_OPTS", "-DskipTests", "-Xmx1g"),
            ("RUBYOPT", "-r./quiet", "-W0"),
            ("PATH", "tools:$PATH", "node_modules/.bin:$PATH"),
            ("PATH", "$PWD/tools:$PATH", "$HOME/bin:/usr/bin"),
            ("npm_config_script_shell", "/bin/true", "/bin/bash"),
        ];
        for (name, bad, good) in rows {
            assert!(voids(name, bad), "{name}={bad}");
            assert!(!voids(name, good), "{name}={good}");
        }
        assert!(!voids("CI", "true"));
    }
}
