//! Memory over the Model Context Protocol: JSON-RPC at `/mcp` by the official SDK, behind the same
//! guard as every other route.
//!
//! Every tool goes through the handler that HTTP has for the same, so that limits, counters and
//! tenants are those of HTTP; the list of tools is in [`tools`].
//! No session is kept: each request carries its credential, and any replica can answer it.

mod tools;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation,
    ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::Value;

use crate::error::RequestError;
use crate::http::{Operation, Whole};
use crate::request::Server;
use crate::security::{Access, Caller, Role};

/// What the tools are called.
#[cfg(test)]
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    tools::all().iter().map(|tool| tool.described.name.as_ref())
}

/// The header that names a session, which clients of older protocol versions may keep.
const SESSION: &str = "mcp-session-id";

/// What a model reads before it sees the tools.
const INSTRUCTIONS: &str = "A long-term memory that outlives this conversation. Search it before \
     you answer from what you may have been told earlier; store what is worth knowing next time: \
     preferences, decisions, facts, lessons, one statement a memory. Correct a memory with \
     memory_update instead of storing a second one.";

/// The route, behind its guard but not in the OpenAPI document, which cannot describe JSON-RPC.
pub(crate) fn operation() -> Operation {
    Operation::new(("POST", "/mcp"), "mcp", Access::AtLeast(Role::Reader), post(answer))
}

/// Answers a message.
async fn answer(
    State(server): State<Arc<Server>>,
    request: Request,
) -> Result<Response, RequestError> {
    if request.headers().contains_key(SESSION) {
        let said = "no such session: none is kept here, begin with initialize or server/discover";
        return Err(RequestError::NotFound(said.to_owned()));
    }
    let (parts, body) = request.into_parts();
    let whole = Request::from_parts(parts.clone(), body);
    let Whole(bytes) = Whole::from_request(whole, &server).await?;
    let limit = server.config.max_body_bytes;
    let service = StreamableHttpService::new(
        move || Ok(Tools { server: Arc::clone(&server) }),
        Arc::new(NeverSessionManager::default()),
        // The guard has looked at host and origin.
        StreamableHttpServerConfig::default()
            .disable_allowed_hosts()
            .with_legacy_session_mode(false)
            .with_json_response(true)
            .with_max_request_body_bytes(limit),
    );
    let answered = service.handle(Request::from_parts(parts, Body::from(bytes))).await;
    Ok(problem_if_plain(answered.map(Body::new)).await)
}

/// The SDK's plain text of what is wrong with the transport, as a problem; JSON stays as it is.
async fn problem_if_plain(response: Response) -> Response {
    /// More than the SDK ever says.
    const MAX_SAID: usize = 4096;
    let status = response.status();
    if !status.is_client_error() || response.headers().contains_key("content-type") {
        return response;
    }
    let said = axum::body::to_bytes(response.into_body(), MAX_SAID).await.unwrap_or_default();
    let said = String::from_utf8_lossy(&said).into_owned();
    let error = match status {
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            RequestError::Media { expected: "application/json", found: "another".into() }
        }
        _ => RequestError::bad(said),
    };
    let mut problem = error.into_response();
    *problem.status_mut() = status;
    problem
}

/// The tools, as the SDK asks for them; one for each request.
struct Tools {
    server: Arc<Server>,
}

/// Who sent the request that a message came in.
fn caller(context: &RequestContext<RoleServer>) -> Result<Caller, ErrorData> {
    let parts = context.extensions.get::<Parts>();
    // The guard stands before the route; without it there is no caller.
    let caller = parts.and_then(|parts| parts.extensions.get::<Caller>());
    caller.cloned().ok_or_else(|| ErrorData::internal_error("no caller", None))
}

impl ServerHandler for Tools {
    fn get_info(&self) -> ServerConfig {
        let own = Implementation::new("striatum", env!("CARGO_PKG_VERSION"))
            .with_title("Striatum memory");
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(own)
            .with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let role = caller(&context)?.role;
        let may = tools::all().iter().filter(|tool| tool.role <= role);
        Ok(ListToolsResult::with_all_items(may.map(|tool| tool.described.clone()).collect()))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        tools::named(name).map(|tool| tool.described.clone())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let caller = caller(&context)?;
        let Some(tool) = tools::named(&request.name) else {
            let said = format!("unknown tool: {:?}; tools/list lists them", request.name);
            return Err(ErrorData::invalid_params(said, None));
        };
        let arguments = Value::Object(request.arguments.unwrap_or_default());
        let done = tool.call(&self.server, caller, arguments).await;
        Ok(CallToolResponse::from(
            done.map_or_else(|error| refused(&error), CallToolResult::structured),
        ))
    }
}

/// What is wrong, for the model to read.
fn refused(error: &RequestError) -> CallToolResult {
    let text = match error {
        RequestError::Bad(problems) => problems.join("\n"),
        other => other.to_string(),
    };
    CallToolResult::error(vec![ContentBlock::text(text)])
}
