//! The gRPC code of `crates/api`, made from its `.proto` files without `protoc`.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use prost::Message;

use crate::repo::Repo;

/// The generated files.
pub(crate) struct Code {
    pub(crate) service: String,
    pub(crate) memory: String,
    pub(crate) agent: String,
    pub(crate) learner: String,
    pub(crate) descriptor: String,
}

/// Messages that are written and read as JSON too, as HTTP has them.
const MEMORY: &str = ".striatum.memory.v1";
const AGENT: &str = ".striatum.agent.v1";
const LEARNER: &str = ".striatum.learner.v1";
const SERDE: &str = "#[derive(serde::Serialize, serde::Deserialize)]";
/// Fields that JSON has in another form.
const AS_JSON: [(&str, &str); 29] = [
    ("NewMemory.metadata", "crate::json::object"),
    ("SearchRequest.filters", "crate::json::object"),
    ("Hit.explain", "crate::json::object"),
    ("MemoryItem.metadata", "crate::json::object"),
    ("UpdateRequest.metadata", "crate::json::object"),
    ("AsOfResponse.memory", "crate::json::object"),
    ("Changed.before", "crate::json::value"),
    ("Changed.after", "crate::json::value"),
    ("UpdateRequest.tags", "crate::json::tags"),
    ("EntityItem.properties", "crate::json::object"),
    ("EntityItem.exceptions", "crate::json::object"),
    ("EntityItem.template", "crate::json::object"),
    ("AddEntityRequest.properties", "crate::json::object"),
    ("UpdateEntityRequest.properties", "crate::json::object"),
    ("UpdateEntityRequest.exceptions", "crate::json::object"),
    ("UpdateEntityRequest.template", "crate::json::object"),
    ("GatheredValue.value", "crate::json::value"),
    ("PropertyItem.value", "crate::json::value"),
    ("KnowledgeEvent.before", "crate::json::value"),
    ("KnowledgeEvent.after", "crate::json::value"),
    ("FactItem.object", "crate::json::value"),
    ("FactRequest.object", "crate::json::value"),
    ("DifferenceItem.base", "crate::json::value"),
    ("DifferenceItem.first", "crate::json::value"),
    ("DifferenceItem.second", "crate::json::value"),
    ("BranchEvent.before", "crate::json::value"),
    ("BranchEvent.after", "crate::json::value"),
    ("ReasonRequest.object", "crate::json::value"),
    ("SaidClaim.object", "crate::json::value"),
];

/// Entities that JSON has as their number or their name.
const ENTITIES: [&str; 8] = [
    "FactRequest.subject",
    "FactRequest.object_entity",
    "ReasonRequest.subject",
    "ReasonRequest.object_entity",
    "ReasonRequest.class",
    "ReasonRequest.a",
    "ReasonRequest.b",
    "ReasonRequest.c",
];
/// Messages that JSON has as the list within.
const LISTS: [&str; 4] = ["Numbers", "KindLinks", "EntityPair", "StepPair"];

/// Makes the code.
pub(crate) fn code(repo: &Repo) -> Result<Code> {
    let folder = repo.root.join("crates/api/proto");
    let files = [
        "inference.proto",
        "memory.proto",
        "branch.proto",
        "reason.proto",
        "knowledge.proto",
        "agent.proto",
        "learner.proto",
    ]
    .map(|file| folder.join(file));
    let set = protox::compile(files, [&folder]).map_err(|e| anyhow::anyhow!("{e}"))?;
    let bytes = set.encode_to_vec();
    let out = tempfile::tempdir()?;
    let mut builder = tonic_prost_build::configure();
    for (field, with) in AS_JSON {
        let attribute = format!("#[serde(with = \"{with}\")]");
        builder = builder.field_attribute(format!("{MEMORY}.{field}"), attribute);
    }
    for message in ["NewMemory", "SearchRequest", "UpdateRequest"] {
        let given = "#[serde(skip_serializing_if = \"Vec::is_empty\")]";
        builder = builder.field_attribute(format!("{MEMORY}.{message}.embedding"), given);
    }
    // Where HTTP has no such field as an empty one, and where JSON has the list or the name itself.
    let sources = "skip_serializing_if = \"std::collections::HashMap::is_empty\"";
    let others = [
        ("ResolveContradictionRequest.sources", sources),
        ("ReasonRequest.observed", "serialize_with = \"crate::json::entities\""),
    ];
    let entities = ENTITIES.map(|field| (field, "serialize_with = \"crate::json::entity\""));
    for (of, attribute) in entities.into_iter().chain(others) {
        builder =
            builder.field_attribute(format!("{MEMORY}.{of}"), format!("#[serde({attribute})]"));
    }
    builder = builder
        .out_dir(out.path())
        .build_transport(true)
        .emit_rerun_if_changed(false)
        .message_attribute(MEMORY, SERDE)
        .message_attribute(MEMORY, "#[serde(default)]")
        .message_attribute(AGENT, SERDE)
        .message_attribute(AGENT, "#[serde(default)]")
        .message_attribute(LEARNER, SERDE)
        .message_attribute(LEARNER, "#[serde(default)]");
    for message in LISTS {
        builder = builder.message_attribute(format!("{MEMORY}.{message}"), "#[serde(transparent)]");
    }
    builder.compile_fds(set)?;
    let made = |file: &str, proto: &str| {
        let text = std::fs::read_to_string(out.path().join(file))?;
        format(&format!("//! Made from `proto/{proto}` by `cargo xtask generate`.\n\n{text}"))
    };
    let head = "//! Made from `proto/inference.proto` by `cargo xtask generate`.\n\n";
    let list: Vec<String> = bytes.iter().map(|b| format!("{b}")).collect();
    let doc = "/// The descriptors of every message and service, for reflection.";
    let descriptor =
        format!("{head}{doc}\npub const DESCRIPTOR: &[u8] = &[{}];\n", list.join(", "));
    Ok(Code {
        service: made("inference.rs", "inference.proto")?,
        memory: made(
            "striatum.memory.v1.rs",
            "memory.proto`, `branch.proto`, `reason.proto` and `knowledge.proto",
        )?,
        agent: made("striatum.agent.v1.rs", "agent.proto")?,
        learner: made("striatum.learner.v1.rs", "learner.proto")?,
        descriptor: format(&descriptor)?,
    })
}

/// The text as rustfmt has it.
fn format(text: &str) -> Result<String> {
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("rustfmt")?;
    let mut input = child.stdin.take().context("rustfmt's input")?;
    let text = text.to_owned();
    let writing = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "rustfmt refused the generated code");
    ensure!(writing.join().is_ok_and(|w| w.is_ok()), "rustfmt did not read the generated code");
    Ok(String::from_utf8(output.stdout)?)
}
