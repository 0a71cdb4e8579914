//! The wire is Triton's, field by field.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use prost::Message;
use prost_types::field_descriptor_proto::Label;
use prost_types::{DescriptorProto, FileDescriptorSet};
use serde_json::Value;

/// Every field of a message and of those inside it is as the reference has it; how many there are.
fn check(message: &DescriptorProto, prefix: &str, reference: &Value) -> usize {
    let name = format!("{prefix}{}", message.name());
    let expected = &reference["messages"][&name];
    assert!(expected.is_object(), "{name} is no message of Triton's");
    for field in &message.field {
        let known = &expected[field.name()];
        let oneof = field.oneof_index.map(|k| message.oneof_decl[k as usize].name());
        let found = (
            Some(i64::from(field.number())),
            Some(i64::from(field.r#type() as i32)),
            Some(field.label() == Label::Repeated),
            oneof,
        );
        let known = (
            known["number"].as_i64(),
            known["type"].as_i64(),
            known["repeated"].as_bool(),
            known["oneof"].as_str(),
        );
        assert_eq!(found, known, "{name}.{}", field.name());
    }
    let inside: usize =
        message.nested_type.iter().map(|m| check(m, &format!("{name}."), reference)).sum();
    message.field.len() + inside
}

#[test]
fn messages_and_methods_are_tritons() {
    let reference: Value = serde_json::from_str(include_str!("../fixtures/triton.json")).unwrap();
    let set = FileDescriptorSet::decode(api::DESCRIPTOR).unwrap();
    let file = set.file.iter().find(|file| file.package() == "inference").unwrap();
    let fields: usize = file.message_type.iter().map(|m| check(m, "", &reference)).sum();
    assert!(fields > 100, "{fields} fields");
    let service = &file.service[0];
    assert_eq!(service.name(), "GRPCInferenceService");
    for method in &service.method {
        let known = &reference["methods"][method.name()];
        let found = [method.input_type(), method.output_type()];
        let found = found.map(|t| t.trim_start_matches(".inference.").to_owned());
        assert_eq!(serde_json::json!(found), *known, "{}", method.name());
    }
}
