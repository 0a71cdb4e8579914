//! The page that the server is watched on, and the runbooks; neither needs anything from elsewhere.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use catalogue::{Alert, Area};

use super::operation::{Body, Operation};
use crate::security::Access;

const PAGE: &str = include_str!("../../../../web/dist/index.html");
const SCRIPT: &str = include_str!("../../../../web/dist/app.js");
const STYLE: &str = include_str!("../../../../web/dist/app.css");

/// What the page may load and whom it may ask: this server, and nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                      img-src 'self' data:; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'; trusted-types 'none'";

pub(crate) fn operations() -> Vec<Operation> {
    let anyone = |path, id, media, handler| {
        Operation::new(("GET", path), id, Access::Anyone, handler).gives(Body::Media(media))
    };
    vec![
        anyone("/", "page", "text/html", get(|| async { file("text/html; charset=utf-8", PAGE) }))
            .says("documentation", "The page that the server is watched on."),
        anyone(
            "/app.js",
            "page_script",
            "text/javascript",
            get(|| async { file("text/javascript; charset=utf-8", SCRIPT) }),
        )
        .says("documentation", "The script of the page."),
        anyone(
            "/app.css",
            "page_style",
            "text/css",
            get(|| async { file("text/css; charset=utf-8", STYLE) }),
        )
        .says("documentation", "The style of the page."),
        anyone(
            "/runbooks",
            "runbooks",
            "text/html",
            get(|| async { file("text/html; charset=utf-8", runbooks()) }),
        )
        .says("documentation", "What each alert means and what to do."),
    ]
}

fn file(kind: &'static str, text: impl IntoResponse) -> Response {
    let mut response = text.into_response();
    let set: [(HeaderName, &'static str); 3] = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        // A new version of the server brings a new page.
        (header::CACHE_CONTROL, "no-cache"),
    ];
    for (name, value) in set {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The runbooks as a page of their own.
fn runbooks() -> String {
    let mut page = String::from(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport \
         content=\"width=device-width\"><title>Striatum runbooks</title>\
         <link rel=stylesheet href=/app.css><main class=runbooks><h1>Runbooks</h1>",
    );
    for area in Area::ALL {
        for alert in Alert::all().filter(|alert| alert.area == area) {
            let (id, severity) = (alert.name.to_lowercase(), alert.severity.name());
            page += &format!(
                "<section id={id}><h2>{}</h2><p>{severity}, {}, after {}</p><pre>{}</pre>\
                 <p><b>What it means.</b> {}</p><p><b>Look at.</b> {}</p><p><b>Do.</b> {}</p></section>",
                alert.name,
                area.name(),
                alert.hold,
                escaped(alert.expr),
                escaped(alert.runbook.meaning),
                escaped(alert.runbook.look),
                escaped(alert.runbook.act),
            );
        }
    }
    page + "</main></html>"
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
