//! A session over a WebSocket: each message is an inference request without a model, each answer
//! the protocol's answer. The session stays when the connection breaks, and goes on under its id.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::Shared;
use super::extract::Params;
use super::sessions::random_id;
use crate::error::RequestError;
use crate::request::{Server, Target};
use crate::security::Caller;
use crate::sessions::Slot;
use crate::wire::{self, SequenceId};

/// Time that a quiet connection is kept; a ping is sent after a third of it.
const QUIET: Duration = Duration::from_secs(90);

/// What a stream is to run.
#[derive(Deserialize)]
pub(crate) struct StreamQuery {
    model: String,
    version: Option<String>,
    session: Option<String>,
}

pub(crate) async fn open(
    State(server): Shared,
    caller: Caller,
    Params(query): Params<StreamQuery>,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Result<Response, RequestError> {
    let upgrade =
        upgrade.map_err(|e| RequestError::bad(format!("expected a WebSocket handshake: {e}")))?;
    let slot = session(&server, &caller, &query).await?;
    let limit = server.config.max_body_bytes;
    let upgrade = upgrade.max_message_size(limit).max_frame_size(limit);
    Ok(upgrade.on_upgrade(move |socket| serve(socket, server, caller, slot)))
}

/// The session that the stream names, gone on with where it is there.
async fn session(
    server: &Server,
    caller: &Caller,
    query: &StreamQuery,
) -> Result<Arc<Slot>, RequestError> {
    caller.uses(&query.model)?;
    let id = query.session.clone().map_or_else(random_id, Ok)?;
    let known = server.sessions.find(&caller.tenant, &id, &server.repository, server.now()).await;
    match known {
        Ok(slot) if slot.served.model.name == query.model => Ok(slot),
        Ok(slot) => {
            let own = &slot.served.model.name;
            Err(RequestError::Conflict(format!("session {id} runs model {own}")))
        }
        Err(RequestError::NotFound(_)) => {
            server.degradation.admits()?;
            let served = server.repository.choose(&query.model, query.version.as_deref())?.served;
            server.sessions.open(&caller.tenant, &id, &served, None, server.now())
        }
        Err(error) => Err(error),
    }
}

async fn serve(mut socket: WebSocket, server: Arc<Server>, caller: Caller, slot: Arc<Slot>) {
    let hello = json!({ "session": slot.info() }).to_string();
    if socket.send(Message::text(hello)).await.is_err() {
        return;
    }
    let mut quiet = 0;
    loop {
        let received = tokio::time::timeout(QUIET / 3, socket.recv()).await;
        let text = match received {
            Err(_) if quiet < 3 && !stops(&server) => {
                quiet += 1;
                if socket.send(Message::Ping(Vec::new().into())).await.is_err() {
                    return;
                }
                continue;
            }
            Ok(Some(Ok(Message::Text(text)))) => text,
            Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => {
                quiet = 0;
                continue;
            }
            Ok(Some(Ok(Message::Binary(_)))) => {
                let error = RequestError::bad("expected messages of text, found bytes");
                if socket.send(Message::text(problem(&error))).await.is_err() {
                    return;
                }
                continue;
            }
            Err(_) | Ok(None | Some(Err(_) | Ok(Message::Close(_)))) => return,
        };
        quiet = 0;
        let answer = step(&server, &caller, &slot, text.as_bytes()).await;
        let answer = answer.unwrap_or_else(|error| problem(&error));
        if socket.send(Message::text(answer)).await.is_err() {
            return;
        }
    }
}

fn stops(server: &Server) -> bool {
    server.stopping.load(std::sync::atomic::Ordering::Relaxed)
}

async fn step(
    server: &Arc<Server>,
    caller: &Caller,
    slot: &Slot,
    text: &[u8],
) -> Result<String, RequestError> {
    let _account = server.still_serves(caller).await?;
    let model = &slot.served.model;
    let version = model.version.to_string();
    let target = Target { name: &model.name, version: Some(&version) };
    let read = || {
        let mut request = wire::read(text, None)?;
        request.parameters.sequence_id = Some(SequenceId::Word(slot.id.clone()));
        request.parameters.sequence_start = false;
        request.parameters.binary_data_output = false;
        Ok(request)
    };
    let (body, _) = server.infer(caller, target, read).await?.body();
    String::from_utf8(body).map_err(|_| RequestError::Failed)
}

fn problem(error: &RequestError) -> String {
    json!({ "error": error.to_string(), "status": error.status().as_u16() }).to_string()
}
