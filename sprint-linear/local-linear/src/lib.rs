//! A local Linear: the service's own schema, executed against a store in memory, for tests and for the demo.
//!
//! Documents are parsed and validated, variables coerced and answers checked against the published schema
//! by `apollo-compiler`; what happens behind the schema follows the observed behaviour of the service.
//!
//! ```
//! use local_linear::{LocalLinear, Team};
//!
//! let linear = LocalLinear::new(|| 1_700_000_000_000);
//! let team = linear.add_team(Team::new("Engine", "ENG"));
//! let request = http::Request::post(linear.endpoint())
//!     .header("Authorization", linear.api_key())
//!     .body(r#"{"query":"{ teams { nodes { id key } } }"}"#.into())
//!     .expect("a request of constants");
//! let answer = linear.handle(request).expect("no fault was asked for");
//! let body: serde_json::Value = serde_json::from_slice(answer.body()).expect("JSON");
//! assert_eq!(body["data"]["teams"]["nodes"][0]["id"], team.as_str());
//! ```

mod errors;
mod events;
mod execute;
mod faults;
mod filter;
mod graphql;
mod http_answer;
mod ids;
mod inspect;
mod limits;
mod linear;
mod markdown;
mod model;
mod mutate;
mod page;
mod points;
mod record;
mod refuse;
mod resolve;
mod schema;
mod seed;
mod serve;
mod settings;
mod store;
mod time;
mod uploads;

pub use faults::{Fault, When};
pub use limits::Limits;
pub use linear::{LocalLinear, Lost};
pub use model::{
    Actor, Attachment, Comment, HistoryEntry, Issue, Label, Project, Relation, State, StoredFile,
    Team, User,
};
pub use points::points;
pub use record::{Recorded, RequestKind};
pub use schema::{check_document, check_variables, schema};
pub use seed::{NewComment, NewIssue};
pub use serve::Served;
pub use settings::{CommentMarkdown, SameRelation, Settings, Unmodelled};
