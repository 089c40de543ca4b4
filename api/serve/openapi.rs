//! The OpenAPI document: made from the handlers and the views, served, and committed as
//! `api/openapi.json`.

use super::handlers::{
    about, directories, events, file, files, flows, sessions, statistics, windows,
};
use super::views::Error;
use hyper::StatusCode;
use serde_json::json;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{
    AnyOfBuilder, KnownFormat, ObjectBuilder, SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    Components, Content, OpenApi as Document, Ref, RefOr, Response, ResponseBuilder, Schema,
};
use utoipa::{Modify, OpenApi, PartialSchema, ToSchema};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "TrActor",
        description = "Captures of network traffic are processed in the background; results are \
            served while jobs run. Times are Unix seconds.",
    ),
    servers(
        (url = "/", description = "As the reference has them."),
        (url = "/v1", description = "The same, with their version."),
    ),
    paths(
        files::list,
        files::process,
        file::status,
        file::details,
        file::delete,
        directories::list,
        directories::process,
        directories::end,
        events::follow,
        statistics::of_all,
        statistics::of_label,
        statistics::of_address,
        flows::page_or_export,
        flows::of_label,
        sessions::page,
        sessions::one,
        windows::page_or_export,
        about::labels,
        about::plugins,
        about::health,
        about::metrics,
        about::document,
    ),
    components(schemas(Error)),
    security(("token" = [])),
    modifiers(&Refusals, &Tokens),
)]
struct Described;

/// The document of a server that wants a token.
pub fn document() -> Document {
    Described::openapi()
}

/// The text that a server sends. The committed one is of a server that wants a token.
pub fn text(wants_token: bool) -> String {
    let mut document = document();
    if !wants_token {
        document.security = None;
    }
    let text = document.to_pretty_json();
    // All of it are strings, numbers and maps with names as keys.
    text.unwrap_or_else(|cause| unreachable!("the document has no form in JSON: {cause}")) + "\n"
}

/// Refusals that any request may get.
const ANY: [StatusCode; 8] = [
    StatusCode::BAD_REQUEST,
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::NOT_FOUND,
    StatusCode::METHOD_NOT_ALLOWED,
    StatusCode::CONFLICT,
    StatusCode::INTERNAL_SERVER_ERROR,
    StatusCode::SERVICE_UNAVAILABLE,
];

/// Those that a request with a body may get besides.
const WITH_BODY: [StatusCode; 5] = [
    StatusCode::REQUEST_TIMEOUT,
    StatusCode::LENGTH_REQUIRED,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    StatusCode::INSUFFICIENT_STORAGE,
];

/// Adds the refusals to every operation: they are the same everywhere.
struct Refusals;

impl Modify for Refusals {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_with(Components::new);
        for status in ANY.into_iter().chain(WITH_BODY) {
            components.responses.insert(name(status), RefOr::T(refusal(status)));
        }
        for item in document.paths.paths.values_mut() {
            let operations = [&mut item.get, &mut item.post, &mut item.delete];
            operations.into_iter().flatten().for_each(add);
        }
    }
}

fn add(operation: &mut Operation) {
    let with_body = WITH_BODY.into_iter().filter(|_| operation.request_body.is_some());
    let statuses: Vec<StatusCode> = ANY.into_iter().chain(with_body).collect();
    for status in statuses {
        let refusal = RefOr::Ref(Ref::from_response_name(name(status)));
        operation.responses.responses.insert(status.as_str().to_owned(), refusal);
    }
}

/// `NotFound`.
fn name(status: StatusCode) -> String {
    status.canonical_reason().unwrap_or_default().replace(' ', "")
}

fn refusal(status: StatusCode) -> Response {
    let reason = status.canonical_reason().unwrap_or_default();
    let code = status.as_u16();
    let mut content = Content::new(Some(Ref::from_schema_name("Error")));
    content.example = Some(json!({"status": code, "code": code, "message": reason}));
    ResponseBuilder::new().description(reason).content("application/json", content).build()
}

struct Tokens;

impl Modify for Tokens {
    fn modify(&self, document: &mut Document) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer);
        let scheme = scheme.description(Some("Needed where the server was given one."));
        let components = document.components.get_or_insert_with(Components::new);
        components.add_security_scheme("token", SecurityScheme::Http(scheme.build()));
    }
}

/// A string of one form.
fn string(format: &str) -> Schema {
    let string = ObjectBuilder::new().schema_type(SchemaType::new(Type::String));
    string.format(Some(SchemaFormat::Custom(format.to_owned()))).into()
}

fn one_of(words: &[&str]) -> Schema {
    let string = ObjectBuilder::new().schema_type(SchemaType::new(Type::String));
    string.enum_values(Some(words.to_vec())).into()
}

/// An IPv4 or IPv6 address.
pub struct Address;

impl PartialSchema for Address {
    fn schema() -> RefOr<Schema> {
        AnyOfBuilder::new().item(string("ipv4")).item(string("ipv6")).into()
    }
}

impl ToSchema for Address {}

/// An IP protocol: its number, or the name of a transport.
pub struct Protocol;

impl PartialSchema for Protocol {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::Integer))
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int32)))
            .minimum(Some(0))
            .maximum(Some(255));
        let names = one_of(&["icmp", "tcp", "udp", "icmpv6", "sctp"]);
        AnyOfBuilder::new().item(number).item(names).into()
    }
}

impl ToSchema for Protocol {}

/// A format of exports.
pub struct Format;

impl PartialSchema for Format {
    fn schema() -> RefOr<Schema> {
        RefOr::T(one_of(&["csv", "jsonl", "parquet"]))
    }
}

impl ToSchema for Format {}

/// An event of a stream, field by field.
#[derive(ToSchema)]
#[allow(dead_code)]
pub struct StatusEvent {
    id: String,
    event: EventName,
    /// A FileStatus as JSON.
    #[schema(content_media_type = "application/json")]
    data: String,
}

/// What an event tells of: that more than the progress has changed, or only that.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code)]
enum EventName {
    State,
    Progress,
}
