//! Names that manifests give, and who imports what.

use proptest::prelude::*;

use super::*;

/// What `from` imports of some files, of which all but `from` may have a text.
fn check(files: &[(&str, &str)], from: &str, text: &str, expected: &[&str]) {
    let paths: Vec<RepoPath> = files
        .iter()
        .map(|(path, _)| RepoPath::from(*path))
        .collect();
    let above = |path: &RepoPath| std::iter::successors(Some(path.clone()), RepoPath::parent);
    let all: BTreeSet<RepoPath> = paths.iter().flat_map(above).collect();
    let manifests = files
        .iter()
        .zip(&paths)
        .filter(|(_, path)| Names::is_manifest(path));
    let names = Names::new(&paths, manifests.map(|((_, text), path)| (path, *text)));
    let wanted: BTreeSet<RepoPath> = paths.iter().cloned().collect();
    let found =
        Importers::new(wanted.clone(), all.clone(), names.clone()).of(&RepoPath::from(from), text);
    let found: Vec<_> = found.iter().map(RepoPath::as_str).collect();
    assert_eq!(found, expected, "{from}: {text}");
    // Asking for one file alone finds it just the same.
    for one in &wanted {
        let alone = BTreeSet::from([one.clone()]);
        let found =
            Importers::new(alone, all.clone(), names.clone()).of(&RepoPath::from(from), text);
        let expected = expected.contains(&one.as_str());
        assert_eq!(
            found.contains(one),
            expected,
            "{one} alone, in {from}: {text}"
        );
    }
}

#[test]
fn aliases_of_typescript_are_followed() {
    let files = [
        (
            "tsconfig.json",
            "{ // root\n\"extends\": \"./tsconfig.base\", \"compilerOptions\": {\"strict\": true,} }",
        ),
        (
            "tsconfig.base.json",
            r#"{"compilerOptions": {"baseUrl": ".", "paths":
                {"@/*": ["src/*"], "@/special/*": ["gone/*", "other/*"], "core": ["src/core/index.ts"]}}}"#,
        ),
        (
            "web/jsconfig.json",
            r#"{"compilerOptions": {"baseUrl": "./app"}}"#,
        ),
        ("src/a.ts", ""),
        ("src/core/index.ts", ""),
        ("other/x.ts", ""),
        ("web/app/b.js", ""),
    ];
    let check = |from, text, expected| check(&files, from, text, expected);
    check("src/m.ts", "import a from '@/a'", &["src/a.ts"]);
    check(
        "src/m.ts",
        "import '@/core'; import c from 'core'",
        &["src/core/index.ts"],
    );
    check("src/m.ts", "import '@/special/x'", &["other/x.ts"]);
    check("src/m.ts", "import 'src/a'", &["src/a.ts"]);
    check(
        "web/app/m.js",
        "import 'b'; require('src/a')",
        &["web/app/b.js"],
    );
    check("src/m.ts", "import 'react'; import '@/gone'", &[]);
}

#[test]
fn packages_crates_and_modules_of_the_repository_are_followed() {
    let files = [
        ("packages/ui/package.json", r#"{"name": "@acme/ui-kit"}"#),
        ("packages/ui/src/index.tsx", ""),
        ("packages/ui/button.ts", ""),
        ("core/Cargo.toml", "[package]\nname = \"acme-core\""),
        ("core/src/lib.rs", ""),
        ("core/src/plan/mod.rs", ""),
        ("tool/go.mod", "module example.org/tool\n"),
        ("tool/store/store.go", ""),
        ("tool/main.go", ""),
        ("json/json.go", ""),
    ];
    let check = |from, text, expected| check(&files, from, text, expected);
    check(
        "web/m.ts",
        "import '@acme/ui-kit'; import '@acme/ui-kit/button'",
        &["packages/ui/button.ts", "packages/ui/src/index.tsx"],
    );
    check(
        "cli/src/main.rs",
        "use acme_core::plan::{Plan, self};\nuse acme_core::Top;",
        &["core/src/lib.rs", "core/src/plan/mod.rs"],
    );
    check("cli/src/main.rs", "use std::plan; use other::plan;", &[]);
    check(
        "tool/main.go",
        "import \"example.org/tool/store\"",
        &["tool/store/store.go"],
    );
    check(
        "tool/main.go",
        "import (\n\"encoding/json\"\n\"example.org/tools/store\"\n)",
        &[],
    );
}

#[test]
fn java_imports_mean_classes_and_packages() {
    let files = [
        ("app/src/main/java/org/acme/User.java", ""),
        ("app/src/main/java/org/acme/db/Store.java", ""),
        ("lib/src/main/java/org/acme/db/Store.java", ""),
        ("lib/src/main/java/org/acme/db/Pool.java", ""),
    ];
    let check = |from, text, expected| check(&files, from, text, expected);
    check(
        "app/src/test/java/org/acme/UserTest.java",
        "package org.acme;\nimport org.acme.User;\nimport static org.acme.db.Store.open;",
        &[
            "app/src/main/java/org/acme/User.java",
            "app/src/main/java/org/acme/db/Store.java",
        ],
    );
    check(
        "lib/src/main/java/org/acme/X.java",
        "import org.acme.db.*; // import org.acme.User;",
        &[
            "lib/src/main/java/org/acme/db/Pool.java",
            "lib/src/main/java/org/acme/db/Store.java",
        ],
    );
    check(
        "web/src/Y.java",
        "import org.acme.db.Pool.Lease; class Y { String s = \"import org.acme.User;\"; }\nimport x",
        &["lib/src/main/java/org/acme/db/Pool.java"],
    );
    check(
        "web/src/Y.java",
        "import java.util.List; /* import org.acme.User; */",
        &[],
    );
}

#[test]
fn shell_files_are_sourced() {
    let files = [("lib/say.sh", ""), ("lib/greet.sh", ""), ("env.sh", "")];
    let check = |from, text, expected| check(&files, from, text, expected);
    check("lib/greet.sh", ". ./lib/say.sh", &["lib/say.sh"]);
    check(
        "lib/greet.sh",
        "source say.sh; if true; then . ../env.sh; fi",
        &["env.sh", "lib/say.sh"],
    );
    check(
        "lib/greet.sh",
        ". \"$(dirname \"$0\")/say.sh\"",
        &["lib/say.sh"],
    );
    check(
        "lib/greet.sh",
        ". ${BASH_SOURCE%/*}/../env.sh # . say.sh",
        &["env.sh"],
    );
    check("bin/run", ". ./env.sh", &[]);
    check(
        "run.sh",
        "# . ./env.sh\necho . ./env.sh\nfor f in lib/*; do . \"./$f\"; done\ncat <<'END'\n. ./env.sh\nEND\n",
        &[],
    );
}

#[test]
fn rust_paths_in_code_and_included_files_count() {
    let files = [("src/lib.rs", ""), ("src/a.rs", ""), ("src/b.txt", "")];
    let check = |text, expected| check(&files, "src/m.rs", text, expected);
    check("fn f() { crate::a::g(); }", &["src/a.rs"]);
    check("const B: &str = include_str!(\"b.txt\");", &["src/b.txt"]);
    check(
        "/* /* */ crate::a::g() */ let x = br#\"\\\"#; \"crate::a\"",
        &[],
    );
}

#[test]
fn patterns_and_templates_of_javascript_hide_no_import() {
    let files = [("a.ts", ""), ("b.ts", "")];
    let check = |text, expected| check(&files, "m.ts", text, expected);
    check(
        "const q = /[`'\"/]/; import './a'\nx = 4 / 2 / 1; import './b'",
        &["a.ts", "b.ts"],
    );
    check("const t = `${x ? `'` : \"`\"}`;\nimport './a'", &["a.ts"]);
    check("return <p>it's `odd</p>\nimport './a'", &["a.ts"]);
    check("x = /import '.\\/a'/", &[]);
}

proptest! {
    #[test]
    fn any_manifest_and_any_source_can_be_read(
        manifest in "tsconfig.json|jsconfig.json|package.json|Cargo.toml|go.mod",
        said in "(\\{|\\}|\"(name|extends|paths|baseUrl|compilerOptions)\":|\"\\.\"|\"\\*\"|\\[|\\]|,|module |\\PC){0,20}",
        ending in "ts|py|rs|go|java|sh",
        text in "(import|from|use|\\. |source |crate::|[\\n\"'`#/*\\\\(){},:;.$]|\\.\\./|<<|\\PC){0,40}",
    ) {
        let (manifest, source) = (RepoPath::from(manifest.as_str()), RepoPath::from(format!("a/b.{ending}").as_str()));
        let names = Names::new([&source], [(&manifest, said.as_str())]);
        let all = BTreeSet::from([manifest, source.clone(), RepoPath::from("a")]);
        let found = Importers::new(all.clone(), all.clone(), names).of(&source, &text);
        prop_assert!(found.iter().all(|path| all.contains(path) && *path != source));
    }
}
