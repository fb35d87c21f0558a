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

mod linear;
mod serve;

mod events;
mod inspect;
mod seed;

mod execute;
mod graphql;
mod refuse;

mod filter;
mod page;
mod resolve;

mod markdown;
mod mutate;
mod uploads;

mod faults;
mod limits;
mod points;
mod record;
mod settings;

mod errors;
mod http_answer;
mod ids;
mod model;
mod schema;
mod store;
mod time;

pub use faults::{Fault, When};
pub use limits::Limits;
pub use linear::{LocalLinear, Lost};
pub use model::{
    Actor, Attachment, Comment, HistoryEntry, Issue, Label, Project, Relation, State, StoredFile,
    Team, User,
};
pub use points::{points, points_at_most};
pub use record::{Recorded, RequestKind};
pub use schema::{check_document, check_variables, schema};
pub use seed::{NewComment, NewIssue};
pub use serve::Served;
pub use settings::{CommentMarkdown, PageInfoPrice, SameRelation, Settings, Unmodelled};
