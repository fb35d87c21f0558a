//! Mapping a code base before tickets are planned.

use sprint_core::domain::agent::AgentTask;

use crate::prompt::blocks;

pub(super) fn user(task: &AgentTask) -> String {
    blocks::join([
        blocks::about("The feature", task, &task.description),
        blocks::progress(task),
        blocks::standards(task),
        blocks::material(task, ""),
        "## Your task\n\
         Find out what somebody has to know who cuts this feature into tickets. If the material \
         holds findings of an earlier exploration, check them against the files before you use \
         them; if it lists files and imports, take those as facts.\n\
         - Architecture: layers, borders of modules, how they talk.\n\
         - Files that do part of it already, with what they export.\n\
         - Two or three features like it: how they are built, named, imported and tested.\n\
         - Types and schemas it touches: every field, and whether it is optional or nullable.\n\
         - Where new code attaches, with exact signatures.\n\
         - What does not exist yet. What could go wrong: contradictions to existing code, slowness, \
         no example to follow.\n\
         - How tests are run, set up and written. How errors are told, with two or three examples.\n\
         \n\
         ## The result\n\
         Every entry about code has a path and lines that you opened; paths, line numbers, names \
         and fields are compared with the files, and what does not fit is thrown away. Describe no \
         file that you did not read: put it into `unread`. `read` is true only for files you \
         opened. `memory_updates` holds what will still be true in a month."
            .to_owned(),
    ])
}
