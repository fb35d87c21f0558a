use proptest::prelude::*;

use super::*;
use crate::domain::agent::Role;
use crate::domain::command::CheckKind;
use crate::domain::ticket::TicketStatus;

const FULL: &str = r#"# every key of the table
branch_base: develop
linear_filter:
  team: ENG
  project: Apollo
  label: sprint-1
  status: ["Todo", "In Progress"]
  states: [" Ready for work ", ""]
project_standards: CLAUDE.md
build_cmd: npm run build
lint_cmd: "npm run lint"
test_cmd: 'npm test -- --run'
typecheck_cmd: npx tsc --noEmit
e2e_cmd: agent-browser
e2e_test_cmd: npx e2e
install_cmd: npm ci
commit_prefix: chore
max_loop_iterations: 5
baseline: false
red_base: accept
negative_control: false
human_in_loop: true
partial_merge: false
avoid_conflicts: true
sprint_dashboard: false
max_parallel: 4
models: {context: sonnet, worker: opus, simplifier: sonnet, review: sonnet, completion: sonnet, verification: sonnet, fix: opus, scheduler: sonnet, conflict: opus, e2e: sonnet, retrospective: sonnet, explore: sonnet, ticket_context: sonnet}
phases:
  verification: true
  code_review: false
  e2e: false
  remaining_check: false
dependency_manifests: [deno.json]
test_file_globs:
  - "*.check.ts"
command_timeout_s: 60
worker_timeout_s: 600
silence_timeout_s: 120
context_reply_timeout_s: 20
dev_server: {cmd: npm run dev, port: 4000, health_path: /up, start_timeout_s: 10}
simplifier: never
linear: {done_state: Shipped, in_progress_state: Doing}
same_error_policy: signature
coordination_mode: subagents
max_agent_runs: 100
max_cost_cents: 5000
max_agent_cost_cents: 300
max_ticket_cost_cents: 1200
"#;

const SMALL: &str =
    "branch_base: main\nbuild_cmd: make\nlint_cmd: make lint\ntest_cmd: make test\n";

fn file(text: &str) -> Result<Resolved, ConfigError> {
    resolve(Sources {
        file: Some(text),
        ..Sources::default()
    })
}

fn errors(text: &str) -> String {
    file(text).unwrap_err().to_string()
}

#[test]
#[expect(clippy::too_many_lines, reason = "every parameter has a line")]
fn a_full_file_sets_every_parameter() {
    let resolved = file(FULL).unwrap();
    assert_eq!(resolved.warnings, []);
    insta::assert_snapshot!(serde_json::to_string_pretty(&resolved.config).unwrap(), @r#"
    {
      "branch_base": "develop",
      "filter": {
        "team": "ENG",
        "project": "Apollo",
        "label": "sprint-1",
        "status": [
          "todo",
          "in_progress"
        ],
        "states": [
          "Ready for work"
        ]
      },
      "project_standards": "CLAUDE.md",
      "checks": {
        "build": "npm run build",
        "lint": "npm run lint",
        "typecheck": "npx tsc --noEmit",
        "test": "npm test -- --run"
      },
      "install_cmd": "npm ci",
      "dependency_manifests": [
        "deno.json"
      ],
      "test_file_globs": [
        "*.check.ts"
      ],
      "commit_prefix": "chore",
      "max_loop_iterations": 5,
      "baseline": false,
      "red_base": "accept",
      "negative_control": false,
      "simplifier": "never",
      "human_in_loop": true,
      "partial_merge": false,
      "avoid_conflicts": true,
      "sprint_dashboard": false,
      "max_parallel": 4,
      "models": {
        "context": "sonnet",
        "worker": "opus",
        "review": "sonnet",
        "completion": "sonnet",
        "simplifier": "sonnet",
        "conflict": "opus",
        "e2e": "sonnet",
        "retrospective": "sonnet",
        "explore": "sonnet",
        "ticket_context": "sonnet",
        "scheduler": "sonnet"
      },
      "phases": {
        "code_review": false,
        "e2e": false,
        "remaining_check": false
      },
      "command_timeout_s": 60,
      "worker_timeout_s": 600,
      "silence_timeout_s": 120,
      "same_error_policy": "signature",
      "coordination_mode": "subagents",
      "max_agent_runs": 100,
      "max_cost_cents": 5000,
      "max_agent_cost_cents": 300,
      "max_ticket_cost_cents": 1200,
      "other": {
        "e2e_cmd": "agent-browser",
        "e2e_test_cmd": "npx e2e",
        "context_reply_timeout_s": 20,
        "linear_done_state": "Shipped",
        "linear_in_progress_state": "Doing",
        "dev_server_cmd": "npm run dev",
        "dev_server_port": 4000,
        "dev_server_health_path": "/up",
        "dev_server_start_timeout_s": 10,
        "models": {
          "fix": "opus",
          "verification": "sonnet"
        }
      }
    }
    "#);
}

#[test]
fn every_key_of_the_table_reaches_the_configuration() {
    let settings = parse_yaml(FULL, None).unwrap().settings;
    let base = merge([settings.clone()], None).unwrap();
    for key in settings.keys() {
        // Without it the value falls back to its default, or is missing.
        let without = merge([settings.without(key)], None);
        let changes = without.as_ref().ok() != Some(&base);
        assert_eq!(changes, key != "phases.verification", "{key}");
    }
    let planning = 1;
    assert_eq!(settings.keys().count(), keys::KEYS.len() - planning);
}

#[test]
fn a_small_file_gets_the_defaults() {
    let config = file(SMALL).unwrap().config;
    let defaults = SprintConfig::new(config.branch_base.clone(), config.checks.clone());
    assert_eq!(config, defaults);
    assert_eq!(config.checks.len(), 3);
}

#[test]
fn everything_wrong_is_reported_at_once_with_its_line() {
    let text = "branch_base: -x
build_cmd: '  '
lint_cmd: [a, b]
max_loop_iterations: 0
max_parallel: -1
command_timeout_s: \"60\"
human_in_loop: yes
models:
  worker: Claude-Haiku-4
phases: {verification: false}
MAX_PARALLEL_CONTEXT_AGENTS: 4
linear_filter:
  status: [Todo, Reviewing]
  team: {a: b}
simplifier: sometimes
project_standards: ../CLAUDE.md
commit_prefix: \"a\\nb\"
dev_server: 3000
problems:
  Bad Name: {}
  other:
    max_loop_iterations: many
max_parallel: 2
";
    insta::assert_snapshot!(errors(text), @r#"
        the configuration cannot be used
          file line 1: branch_base: branch name "-x" must not start with '-' or be '@' or 'HEAD'
          file line 2: build_cmd: the command is empty
          file line 3: lint_cmd: expected a command, found a list
          file line 4: max_loop_iterations: must be between 1 and 4294967295, found 0
          file line 5: max_parallel: must be between 0 and 4294967295, found -1
          file line 6: command_timeout_s: expected a whole number, found the text "60"
          file line 7: human_in_loop: expected true or false, found "yes"
          file line 9: models.worker: model "Claude-Haiku-4" is not allowed: haiku models are too weak for any role
          file line 10: phases.verification: cannot be switched off: without verification nothing may be marked Done
          file line 11: max_parallel_context_agents: belongs to ticket planning, not to a sprint; remove it
          file line 13: linear_filter.status: must be one of Todo, In Progress, Done, Cancelled, found "Reviewing"
          file line 14: linear_filter.team: expected text, found keys and values
          file line 15: simplifier: must be one of auto, always, never, found "sometimes"
          file line 16: project_standards: must be a path inside the repository, found "../CLAUDE.md"
          file line 17: commit_prefix: must be 1 to 40 printable characters, found "a\nb"
          file line 18: dev_server: expected keys and values, found "3000"
          file line 20: problems: problem id "Bad Name" may contain only lower-case letters, digits and hyphens
          file line 22: max_loop_iterations: expected a whole number, found "many"
          file line 23: max_parallel: is there twice
          test_cmd: is required and has no value
        "#);
}

#[test]
fn missing_keys_are_named_unless_a_text_could_not_be_read() {
    insta::assert_snapshot!(errors("build_cmd:\n"), @r"
        the configuration cannot be used
          file line 1: build_cmd: is required and has no value
          branch_base: is required and has no value
          lint_cmd: is required and has no value
          test_cmd: is required and has no value
        ");
    insta::assert_snapshot!(errors("a: [\n"), @r"
        the configuration cannot be used
          file line 1: not valid YAML: unclosed bracket '['
        ");
    insta::assert_snapshot!(errors("just a text"), @r#"
        the configuration cannot be used
          file line 1: expected keys and values, found "just a text"
        "#);
    insta::assert_snapshot!(errors("a: &x [1]\nb: *x\n"), @r"
        the configuration cannot be used
          file line 2: aliases (*name) are not supported
        ");
    insta::assert_snapshot!(errors("a: 1\n---\nb: 2\n"), @r"
        the configuration cannot be used
          file line 2: a second document begins here; only one is read
        ");
    insta::assert_snapshot!(errors(&"#".repeat(300_000)), @r"
        the configuration cannot be used
          file: longer than 262144 bytes
        ");
}

#[test]
fn unknown_keys_are_warnings_with_a_suggestion() {
    let text = format!("{SMALL}max_loop_iteration: 2\nmodels: {{wroker: opus}}\nzebra: 1\n");
    let resolved = file(&text).unwrap();
    let lines: Vec<_> = resolved.warnings.iter().map(Issue::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
        file line 5: max_loop_iteration: unknown key, ignored; did you mean max_loop_iterations?
        file line 6: models.wroker: unknown key, ignored; did you mean models.worker?
        file line 7: zebra: unknown key, ignored
        ");
    assert_eq!(resolved.config.max_loop_iterations, 3);
}

#[test]
fn a_value_that_looks_like_something_else_can_be_a_command() {
    let config =
        file("branch_base: 1.2\nbuild_cmd: true\nlint_cmd: 'true'\ntest_cmd: echo a:b # c\n")
            .unwrap()
            .config;
    assert_eq!(config.branch_base.as_str(), "1.2");
    assert_eq!(config.checks[&CheckKind::Build].as_str(), "true");
    assert_eq!(config.checks[&CheckKind::Test].as_str(), "echo a:b");
}

#[test]
fn none_or_nothing_switches_end_to_end_tests_off() {
    for value in ["none", "''", "None"] {
        let text = format!("{SMALL}e2e_cmd: {value}\n");
        assert_eq!(file(&text).unwrap().config.other.e2e_cmd, None, "{value}");
    }
}

#[test]
fn inline_wins_over_problem_over_file_leaf_by_leaf() {
    let text = "branch_base: main
build_cmd: file
lint_cmd: file
test_cmd: file
linear_filter: {team: ENG, label: file, status: [Todo]}
dependency_manifests: [a, b]
problems:
  ours:
    branch_base: ours
    lint_cmd: ours
    linear_filter: {label: ours}
    dependency_manifests: [c]
  theirs: {build_cmd: theirs}
";
    let problem = ProblemId::new("ours").unwrap();
    let confirmed = BranchName::new("confirmed").unwrap();
    let sources = Sources {
        file: Some(text),
        inline: Some("LINT_CMD: inline\nLINEAR_FILTER:\nstatus: [\"In Progress\"]\n"),
        problem: Some(&problem),
        branch: None,
    };
    let config = resolve(sources).unwrap().config;
    let checks: Vec<_> = config.checks.values().map(|c| c.as_str()).collect();
    assert_eq!(checks, ["file", "inline", "file"]);
    assert_eq!(config.branch_base.as_str(), "ours");
    assert_eq!(config.dependency_manifests, ["c"]);
    assert_eq!(config.filter.team.as_deref(), Some("ENG"));
    assert_eq!(config.filter.label.as_deref(), Some("ours"));
    assert_eq!(config.filter.status, [TicketStatus::InProgress].into());
    let config = resolve(Sources {
        branch: Some(&confirmed),
        ..sources
    });
    assert_eq!(config.unwrap().config.branch_base, confirmed);
}

#[test]
fn a_pasted_block_is_found_among_prose_with_or_without_indentation() {
    let block = r#"/sprint please, note: this is prose
## Sprint Config
BRANCH_BASE: develop
LINEAR_FILTER:
team: "ENG"
  label: "sprint-notifications"   # ours
  status:
  - Todo
  - "In Progress"
PROJECT_STANDARDS: "CLAUDE.md"
BUILD_CMD: "npm run build"
LINT_CMD: npm run lint
TEST_CMD: "npm run test:run"
E2E_CMD: "agent-browser"
MAX_LOOP_ITERATIONS: 4
HUMAN_IN_LOOP: false
MODELS:
  worker: opus
- a bullet
Now execute the orchestration: go.
"#;
    let inline = |text| {
        resolve(Sources {
            inline: Some(text),
            ..Sources::default()
        })
    };
    let resolved = inline(block).unwrap();
    assert_eq!(resolved.warnings, []);
    let config = resolved.config;
    assert_eq!(config.filter.team.as_deref(), Some("ENG"));
    assert_eq!(config.filter.label.as_deref(), Some("sprint-notifications"));
    let both = [TicketStatus::Todo, TicketStatus::InProgress];
    assert_eq!(config.filter.status, both.into());
    assert_eq!(config.checks[&CheckKind::Test].as_str(), "npm run test:run");
    assert_eq!(config.max_loop_iterations, 4);
    assert_eq!(config.models[&Role::Worker], "opus");
    let broken = block
        .replace("ITERATIONS: 4", "ITERATIONS: four")
        .replace("LINT_CMD", "LINT_CDM");
    insta::assert_snapshot!(inline(&broken).unwrap_err(), @r#"
        the configuration cannot be used
          inline line 15: max_loop_iterations: expected a whole number, found "four"
          lint_cmd: is required and has no value
          warning: inline line 12: lint_cdm: unknown key, ignored; did you mean lint_cmd?
        "#);
    insta::assert_snapshot!(parse_inline("LINT_CDM: x").unwrap().warnings[0], @"inline line 1: lint_cdm: unknown key, ignored; did you mean lint_cmd?");
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text: String) {
        drop(parse_yaml(&text, None));
        drop(parse_inline(&text));
    }

    #[test]
    fn no_mutilated_file_makes_the_parser_panic(
        at in 0..FULL.len(), cut in 0usize..40, insert in "[-:{}\\[\\]#&*!|>'\"%@` \t\na-z0-9]{0,6}"
    ) {
        let end = (at + cut).min(FULL.len());
        let text = format!("{}{insert}{}", &FULL[..at], &FULL[end..]);
        if let Err(error) = file(&text) {
            prop_assert!(!error.issues.is_empty());
            prop_assert!(error.issues.iter().all(|i| i.line.is_some() || i.fault == Fault::Missing));
        }
        drop(parse_inline(&text.to_uppercase()));
    }

    #[test]
    fn what_is_written_is_what_is_read(commands in prop::array::uniform3("[ -~]{1,40}")) {
        prop_assume!(commands.iter().all(|c| !c.trim().is_empty()));
        let quote = |c: &String| format!("'{}'", c.replace('\'', "''"));
        let [b, l, t] = [0, 1, 2].map(|i| quote(&commands[i]));
        let text = format!("branch_base: main\nbuild_cmd: {b}\nlint_cmd: {l}\ntest_cmd: {t}\n");
        let config = file(&text).unwrap().config;
        let read: Vec<_> = config.checks.values().map(|c| c.as_str().to_owned()).collect();
        prop_assert_eq!(read, commands.to_vec());
    }
}
