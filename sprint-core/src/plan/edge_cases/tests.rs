use proptest::prelude::*;

use super::*;

fn case(line: &str) -> EdgeCase {
    EdgeCase::parse(line).unwrap()
}

#[test]
fn lines_are_read_in_every_spelling() {
    let lines = [
        "- [ ] `parseUser`: empty string → expected: returns null",
        "* [x] parse_user(id): null userId -> Expected: throws",
        "- [ ] `UserService.create()` : duplicate email => 409",
        "- [ ] config::load: missing file",
        "- [ ] the list is empty: show a hint",
        "- [ ] something odd happens",
        "- [ ] `broken: backtick",
    ];
    let shown: Vec<String> = lines
        .iter()
        .map(|line| {
            let c = case(line);
            let keyword = c.keyword().unwrap_or_default();
            format!(
                "{:?} | {} | {:?} | {keyword}",
                c.function, c.condition, c.expected
            )
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
        Some("parseUser") | empty string | Some("returns null") | empty
        Some("parse_user") | null userId | Some("throws") | null
        Some("create") | duplicate email | Some("409") | duplicate
        Some("load") | missing file | None | missing
        None | the list is empty: show a hint | None | empty
        None | something odd happens | None | something
        None | `broken: backtick | None | backtick
        "#);
    assert_eq!(EdgeCase::parse("- plain bullet"), None);
    assert_eq!(EdgeCase::parse(""), None);
}

#[test]
fn test_files_are_found_by_name_or_by_the_end_of_the_path() {
    let globs = ["*.test.*", "*_test.*", "test_*", "tests/*", "*Test.*"].map(str::to_owned);
    for path in [
        "a.test.ts",
        "x/y/a.test.ts",
        "a/b_test.go",
        "test_a.py",
        "tests/a.rs",
        "c/tests/a.rs",
        "ATest.java",
    ] {
        assert!(is_test_file(&RepoPath::from(path), &globs), "{path}");
    }
    for path in [
        "a.ts",
        "tests/sub/a.rs",
        "latest_a.py",
        "contests/a.rs",
        "test/a.rs",
        "a.test",
    ] {
        assert!(!is_test_file(&RepoPath::from(path), &globs), "{path}");
    }
}

proptest! {
    #[test]
    fn any_line_can_be_read(line: String) {
        for line in [line.clone(), format!("- [ ] {line}"), format!("- [ ] `{line}`: {line} -> {line}")] {
            if let Some(case) = EdgeCase::parse(&line) {
                case.keyword();
            }
        }
    }

    #[test]
    fn globs_match_what_they_were_made_from(name in "[a-z.]{1,12}", at in 0usize..12, length in 0usize..12) {
        let start = at.min(name.len());
        let end = (start + length).min(name.len());
        let glob = format!("{}*{}", &name[..start], &name[end..]);
        prop_assert!(is_test_file(&RepoPath::from(name.as_str()), &[glob]));
    }
}
