//! The arguments that test runners give.

/// What of libtest's arguments matters here; the others are accepted and ignored.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) list: bool,
    pub(crate) terse: bool,
    pub(crate) threads: Option<usize>,
    exact: bool,
    /// `--ignored`: nothing here is.
    only_ignored: bool,
    filters: Vec<String>,
    skipped: Vec<String>,
}

impl Options {
    pub(crate) fn read(arguments: impl Iterator<Item = String>) -> Self {
        let mut options = Self::default();
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            let (name, mut value) = match argument.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name, Some(value.to_owned())),
                Some(_) | None => (argument.as_str(), None),
            };
            let takes_value = matches!(
                name,
                "--test-threads" | "--skip" | "--format" | "--color" | "--logfile" | "-Z"
            );
            if takes_value && value.is_none() {
                value = arguments.next();
            }
            match name {
                "--list" => options.list = true,
                "--exact" => options.exact = true,
                "--ignored" => options.only_ignored = true,
                "--format" => options.terse = value.as_deref() == Some("terse"),
                "--test-threads" => options.threads = value.and_then(|value| value.parse().ok()),
                "--skip" => options.skipped.extend(value),
                _ if name.starts_with('-') => {}
                _ => options.filters.push(argument),
            }
        }
        options
    }

    pub(crate) fn wants(&self, id: &str) -> bool {
        let matches = |filter: &String| match self.exact {
            true => filter == id,
            false => id.contains(filter.as_str()),
        };
        let named = self.filters.is_empty() || self.filters.iter().any(matches);
        named && !self.only_ignored && !self.skipped.iter().any(matches)
    }
}
