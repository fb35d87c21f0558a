//! The environment of a child process: a value that starts empty, never the one we happen to run in.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;

/// Variables that programs need to find their tools, their caches and the user's language.
const ALLOWED: &[&str] = &[
    "CARGO_HOME",
    "DENO_DIR",
    "GEM_HOME",
    "GOCACHE",
    "GOMODCACHE",
    "GOPATH",
    "GOROOT",
    "HOME",
    "JAVA_HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LOGNAME",
    "NVM_DIR",
    "PATH",
    "PNPM_HOME",
    "PYENV_ROOT",
    "RBENV_ROOT",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "SHELL",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TERM",
    "TMPDIR",
    "TZ",
    "USER",
    "VIRTUAL_ENV",
    "VOLTA_HOME",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
];

/// The variables given to a child process.
///
/// Names that look like credentials are never inherited, not even when asked for by name; a
/// credential that a child really needs is handed over by [`with_secret`](Self::with_secret).
/// `Debug` shows names only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
    secrets: Vec<String>,
}

impl Environment {
    /// No variables at all.
    pub fn empty() -> Self {
        Self::default()
    }

    /// The variables of this process that programs commonly need, and no others.
    pub fn inherit() -> Self {
        Self::inherit_with::<&str>(&[])
    }

    /// The same, plus the variables named in `extra`, unless they look like credentials.
    pub fn inherit_with<S: AsRef<OsStr>>(extra: &[S]) -> Self {
        Self::select(std::env::vars_os(), extra)
    }

    /// What [`inherit_with`](Self::inherit_with) takes from `variables`.
    pub fn select<S: AsRef<OsStr>>(
        variables: impl IntoIterator<Item = (OsString, OsString)>,
        extra: &[S],
    ) -> Self {
        let wanted = |name: &OsStr| {
            ALLOWED.iter().any(|allowed| name == *allowed)
                || extra.iter().any(|extra| name == extra.as_ref())
        };
        Self {
            variables: variables
                .into_iter()
                .filter(|(name, _)| wanted(name) && !looks_secret(name))
                .collect(),
            secrets: Vec::new(),
        }
    }

    /// The values of those of `variables` whose names look like credentials, for a
    /// [`Redactor`](crate::Redactor) of texts that were written near them.
    pub fn credentials(
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> impl Iterator<Item = String> {
        let secret = variables.into_iter().filter(|(name, _)| looks_secret(name));
        secret.filter_map(|(_, value)| value.into_string().ok())
    }

    /// The same environment with one more variable.
    #[must_use]
    pub fn with(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// The same environment with a credential in it, such as the key of a model provider.
    ///
    /// Its value is removed from everything the child prints. The tracker's credential must never
    /// be given to an agent.
    #[must_use]
    pub fn with_secret(mut self, name: impl Into<OsString>, value: impl Into<String>) -> Self {
        let value = value.into();
        self.secrets.push(value.clone());
        self.with(name, value)
    }

    /// The values given by [`with_secret`](Self::with_secret).
    pub fn secrets(&self) -> &[String] {
        &self.secrets
    }

    /// The value of one variable.
    pub fn get(&self, name: impl AsRef<OsStr>) -> Option<&OsStr> {
        self.variables.get(name.as_ref()).map(OsString::as_os_str)
    }

    /// The variables, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.variables
            .iter()
            .map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.keys()).finish()
    }
}

/// Whether a variable of this name may hold a credential. A name that is not text may.
fn looks_secret(name: &OsStr) -> bool {
    let Some(name) = name.to_str().map(str::to_ascii_uppercase) else {
        return true;
    };
    ["TOKEN", "KEY", "SECRET", "CREDENTIALS", "_PAT"]
        .iter()
        .any(|end| name.ends_with(end))
        || ["PASSWORD", "PASSWD"]
            .iter()
            .any(|part| name.contains(part))
        || ["LINEAR_", "GITHUB_"]
            .iter()
            .any(|start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(variables: &[&str], extra: &[&str]) -> Vec<String> {
        let variables = variables.iter().map(|name| ((*name).into(), "x".into()));
        Environment::select(variables, extra)
            .iter()
            .map(|(name, _)| name.to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn only_known_and_named_variables_are_inherited() {
        assert_eq!(
            names(
                &["PATH", "CARGO_HOME", "LD_PRELOAD", "GIT_DIR", "MINE"],
                &["MINE"]
            ),
            ["CARGO_HOME", "MINE", "PATH"]
        );
    }

    #[test]
    fn credentials_are_not_inherited_even_by_name() {
        let secret = [
            "CARGO_REGISTRY_TOKEN",
            "ANTHROPIC_API_KEY",
            "AWS_SECRET",
            "DB_PASSWORD",
            "PASSWORD_FILE",
            "LINEAR_TEAM",
            "GITHUB_ACTOR",
            "GITHUB_TOKEN",
            "MY_PAT",
            "token",
        ];
        assert_eq!(names(&secret, &secret), Vec::<String>::new());
        assert_eq!(names(&["GOPATH"], &[]), ["GOPATH"]);
    }

    #[test]
    fn debug_shows_no_value() {
        let environment = Environment::empty().with_secret("A_KEY", "hunter22");
        insta::assert_snapshot!(format!("{environment:?}"), @r#"{"A_KEY"}"#);
        assert_eq!(environment.secrets(), ["hunter22"]);
    }
}
