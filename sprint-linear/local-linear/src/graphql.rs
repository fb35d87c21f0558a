//! One GraphQL request: size, key, document, variables, price, allowance, faults, execution.

use apollo_compiler::ExecutableDocument;
use apollo_compiler::executable::Operation;
use apollo_compiler::request::coerce_variable_values;
use apollo_compiler::response::JsonMap;
use apollo_compiler::validation::Valid;
use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};

use crate::errors::Failure;
use crate::execute::{Call, Surroundings, Twist, execute, root_fields};
use crate::faults::{Fault, PageFault};
use crate::http_answer::HttpAnswer;
use crate::limits::{Buckets, Budget};
use crate::linear::{Lost, State, user};
use crate::mutate::Mutator;
use crate::points;
use crate::record::{Recorded, RequestKind};
use crate::refuse::{instead, not_valid, rate_limited, refusal, too_complex, unauthenticated};
use crate::schema::{json_map, parse, schema};
use crate::settings::PageInfoPrice;
use crate::store::Store;

/// The largest body of a request, in bytes.
const LARGEST: usize = 10_485_760;

/// Answers a request, and notes it.
pub(crate) fn answer(
    state: &mut State,
    now: u64,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, Lost> {
    let mut note = Recorded {
        kind: RequestKind::Refused,
        operation: String::new(),
        fields: Vec::new(),
        document: String::new(),
        variables: Value::Null,
        points: 0,
        bytes: request.body().len(),
        at: now,
        authorized: request.headers().contains_key("authorization"),
        status: None,
    };
    let mut date = now;
    let answer = match user(state, request) {
        _ if request.body().len() > LARGEST => {
            let text = "request entity too large";
            Ok(refusal(&Failure::new(
                413,
                "PAYLOAD_TOO_LARGE",
                "invalid input",
                text,
                "",
            )))
        }
        None => Ok(refusal(&unauthenticated(request))),
        Some(user) => match understand(request, &mut note, state.settings.page_info_price) {
            Ok(request) => admit(state, now, &user, &request, &mut note, &mut date),
            Err(complaint) => Ok(not_valid(&complaint)),
        },
    }
    .map(|answer| answer.build(date));
    note.status = answer
        .as_ref()
        .ok()
        .map(|response| response.status().as_u16());
    state.requests.push(note);
    answer
}

/// A request the schema allows.
struct Understood {
    document: Valid<ExecutableDocument>,
    operation: Option<String>,
    variables: Valid<JsonMap>,
    price: f64,
}

impl Understood {
    fn call(&self) -> Result<Call<'_>, String> {
        let operation = operation(&self.document, self.operation.as_deref())?;
        Ok(Call {
            document: &self.document,
            operation,
            variables: &self.variables,
        })
    }
}

fn operation<'a>(
    document: &'a ExecutableDocument,
    name: Option<&str>,
) -> Result<&'a Operation, String> {
    document
        .operations
        .get(name)
        .map(AsRef::as_ref)
        .map_err(|error| error.message().to_string())
}

/// Reads a request, and notes what it asks for.
///
/// # Errors
/// The complaint, when the schema does not allow it.
fn understand(
    request: &Request<Bytes>,
    note: &mut Recorded,
    page_info: PageInfoPrice,
) -> Result<Understood, String> {
    let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
    let text = |name: &str| {
        body.get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    let query = text("query").ok_or("Must provide a query string.")?;
    query.clone_into(&mut note.document);
    note.variables = body.get("variables").cloned().unwrap_or_default();
    let document = parse(query)?;
    let name = text("operationName");
    let operation = operation(&document, name)?;
    note.operation = operation
        .name
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    note.fields = root_fields(&document, operation);
    note.kind = if operation.is_mutation() {
        RequestKind::Mutation
    } else {
        RequestKind::Query
    };
    let variables = coerce_variable_values(schema(), operation, &json_map(&note.variables)?)
        .map_err(|error| error.message().to_string())?;
    let price = points::exact(&document, operation, &variables, page_info);
    note.points = points::round(price);
    Ok(Understood {
        operation: name.map(str::to_owned),
        variables,
        price,
        document,
    })
}

/// Charges a request, lets its faults strike, and executes it.
#[expect(clippy::wildcard_enum_match_arm, reason = "most faults act elsewhere")]
fn admit(
    state: &mut State,
    now: u64,
    user: &str,
    request: &Understood,
    note: &mut Recorded,
    date: &mut u64,
) -> Result<HttpAnswer, Lost> {
    let faults = state.faults.strike(&note.fields);
    let limits = state.limits;
    let buckets = state
        .buckets
        .entry(user.to_owned())
        .or_insert_with(|| Buckets::full(limits, now));
    let charged = buckets.charge(note.points, now);
    let budgets = buckets.budgets(note.points);
    if request.price > f64::from(limits.points_per_request) {
        return Ok(
            refusal(&too_complex(request.price, limits.points_per_request)).budgets(&budgets),
        );
    }
    if !charged {
        return Ok(refusal(&rate_limited(400)).budgets(&budgets));
    }
    for fault in &faults {
        match fault {
            Fault::LostBefore => return Err(Lost),
            Fault::SkewedClock { ms } => *date = date.saturating_add_signed(*ms),
            Fault::StaleReads { ms } => {
                state.faults.stale = Some((now + ms, state.store.clone()));
            }
            Fault::LaggingLists { ms } => {
                state.faults.lagging = Some((now + ms, state.store.clone()));
            }
            _ => {
                if let Some(answer) = instead(fault, now, note, limits.points_per_request, &budgets)
                {
                    return Ok(answer);
                }
            }
        }
    }
    let call = match request.call() {
        Ok(call) => call,
        Err(complaint) => return Ok(not_valid(&complaint)),
    };
    if faults.contains(&Fault::DuplicateDelivery) {
        run(state, now, user, &call, &faults, &budgets);
    }
    let (status, mut body) = run(state, now, user, &call, &faults, &budgets);
    for fault in &faults {
        match fault {
            Fault::LostAfter => return Err(Lost),
            Fault::StatusAfter { code, body } => {
                return Ok(HttpAnswer::bare(*code, "text/html", body.clone()));
            }
            Fault::Partial => {
                let text = "Internal server error";
                let failure =
                    Failure::new(200, "INTERNAL_SERVER_ERROR", "internal error", text, "");
                body["errors"] = json!([failure.entry()]);
            }
            _ => {}
        }
    }
    Ok(HttpAnswer::json(status, &body).budgets(&budgets))
}

/// Executes a call and keeps what it changed.
#[expect(clippy::wildcard_enum_match_arm, reason = "most faults act elsewhere")]
fn run(
    state: &mut State,
    now: u64,
    user: &str,
    call: &Call<'_>,
    faults: &[Fault],
    budgets: &[Budget; 2],
) -> (u16, Value) {
    let until = |lag: &Option<(u64, Store)>| {
        lag.as_ref()
            .filter(|(end, _)| now < *end)
            .map(|(_, store)| store.clone())
    };
    let around = Surroundings {
        organisation: state.organisation.clone(),
        budgets: budgets.to_vec(),
        lists: until(&state.faults.lagging),
        stale: until(&state.faults.stale),
        page_fault: faults.iter().find_map(|fault| match fault {
            Fault::NullCursor => Some(PageFault::NullCursor),
            Fault::RepeatedCursor => Some(PageFault::RepeatedCursor),
            Fault::EndlessPages => Some(PageFault::Endless),
            _ => None,
        }),
        twist: faults.iter().find_map(|fault| match fault {
            Fault::NoEffect => Some(Twist::NoEffect),
            Fault::SuccessFalse => Some(Twist::SuccessFalse),
            Fault::NullEntity => Some(Twist::NullEntity),
            _ => None,
        }),
    };
    let mutator = Mutator {
        store: std::mem::take(&mut state.store),
        now,
        viewer: user.to_owned(),
        settings: state.settings.clone(),
        urls: state.urls(),
    };
    let (status, body, mutator) = execute(call, mutator, around);
    state.store = mutator.store;
    (status, body)
}
