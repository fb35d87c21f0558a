use super::*;
use crate::testing::fixture;

#[test]
fn the_configuration_is_looked_for_above_every_changed_file() {
    let found = configuration_of(&["src/a/b.ts".into(), "src/c.ts".into()]);
    let named = |name: &str| {
        let named = found.iter().filter(|path| path.file_name() == name);
        named.map(RepoPath::as_str).collect::<Vec<_>>()
    };
    assert_eq!(
        named("tsconfig.json"),
        ["tsconfig.json", "src/tsconfig.json", "src/a/tsconfig.json"]
    );
    assert!(configuration_of(&[]).contains(&"Cargo.toml".into()));
    let many: Vec<RepoPath> = (0..500)
        .map(|n| RepoPath::from(format!("d{n}/a.ts").as_str()))
        .collect();
    assert!(configuration_of(&many).len() < 3000);
}

/// The attacks of a suite that takes what agents claim as hostile, and one honest change.
#[test]
fn attacks_are_seen_in_one_inspection() {
    let ticket = fixture::tickets("T").remove(0);
    let file = |path: &str, before: &str, after: &str| FileChange {
        path: path.into(),
        before: Some(before.into()),
        after: Some(after.into()),
    };
    let test = "it('adds', () => { expect(add(1, 2)).toBe(3); });\n";
    let hostile = [
        file(
            "src/add.test.ts",
            test,
            "it('adds', () => { expect(true).toBe(true); });\n",
        ),
        file(
            "package.json",
            r#"{"scripts":{"test":"jest"}}"#,
            r#"{"scripts":{"test":"exit 0"}}"#,
        ),
        file("src/add.ts", "", "console.log(1)\n"),
    ];
    let added = [AddedLine {
        path: "src/add.ts".into(),
        line: 1,
        text: "console.log(1)".into(),
    }];
    let line = |text: &str| [(CheckKind::Test, CommandLine::new(text).unwrap())].into();
    let globs = ["*.test.*".to_owned()];
    let checks = line("npm test");
    let change = Change {
        ticket: &ticket,
        checks: &checks,
        test_file_globs: &globs,
        files: &hostile,
        added: &added,
        configuration: &[("tsconfig.json".into(), "{}".into())],
    };
    let found = inspect(&change);
    let shown: Vec<String> = found
        .findings
        .iter()
        .map(|f| format!("{:?} {}: {}", f.severity, f.kind, f.message))
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
    High tests_weakened: 1 of 1 assertions of the test `adds` were replaced by ones that cannot fail, such as `expect(add(1, 2)).toBe(3)`
    High gate_loosened: the script `test` became weaker: `exit 0` always succeeds
    High debug_artifacts: debugging leftover in an added line: `console.log`
    Medium permissive: `compilerOptions.strict` is off: many type errors are not reported
    "#);
    assert_eq!((found.tests.len(), found.changes_code), (1, true));

    let more = format!("{test}it('adds zero', () => {{ expect(add(0, 0)).toBe(0); }});\n");
    let honest = [file("src/add.test.ts", test, &more)];
    let change = Change {
        files: &honest,
        added: &[],
        configuration: &[],
        ..change
    };
    let found = inspect(&change);
    assert_eq!(found.findings, []);
    assert_eq!((found.tests.len(), found.changes_code), (1, false));
}
