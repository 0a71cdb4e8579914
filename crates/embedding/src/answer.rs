//! What is asked of an endpoint and what it may answer: written, read and checked; no connection.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::config::{Encoding, MAX_BATCH, MAX_DIMENSION};
use crate::embedder::Vector;
use crate::error::EmbeddingError;

/// What is read of one number, at most: `-1.2345678901234567e-10, ` and some spaces (bytes).
const MAX_NUMBER_BYTES: usize = 40;
/// What is read of an answer beside its numbers (bytes).
const MAX_ENVELOPE_BYTES: usize = 64 << 10;

/// A request as OpenAI defines it.
#[derive(Serialize)]
struct Asked<'a> {
    model: &'a str,
    input: &'a [&'a str],
    encoding_format: &'static str,
}

/// An answer; what else is in it is not read.
#[derive(Deserialize)]
struct Answered {
    data: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    #[serde(default)]
    index: Option<usize>,
    embedding: Values,
}

/// Numbers, or base64 of them.
struct Values(Vec<f32>);

/// The body of a request.
pub fn ask(model: &str, texts: &[&str], encoding: Encoding) -> Vec<u8> {
    let asked = Asked { model, input: texts, encoding_format: encoding.name() };
    // Texts and names: nothing that JSON could refuse.
    serde_json::to_vec(&asked).unwrap_or_default()
}

/// The most that is read of an answer of so many vectors (bytes).
pub fn max_bytes(n_texts: usize, dimension: usize) -> usize {
    MAX_ENVELOPE_BYTES + n_texts.min(MAX_BATCH) * (dimension * MAX_NUMBER_BYTES + 1024)
}

/// The vectors of an answer, in the order of the texts.
///
/// # Errors
/// [`EmbeddingError`]: what is wrong, and where.
pub fn read(body: &[u8], n_texts: usize, dimension: usize) -> Result<Vec<Vector>, EmbeddingError> {
    let answered: Answered =
        serde_json::from_slice(body).map_err(|e| EmbeddingError::Garbled(e.to_string()))?;
    let found = answered.data.len();
    if found != n_texts {
        return Err(EmbeddingError::Count { expected: n_texts, found });
    }
    let mut vectors: Vec<Option<Vector>> = vec![None; n_texts];
    let numbered = answered.data.iter().any(|row| row.index.is_some());
    for (place, row) in answered.data.into_iter().enumerate() {
        // Where no vector says which it is, they are in order.
        let index = if numbered { row.index.unwrap_or(n_texts) } else { place };
        let wrong = || EmbeddingError::Index { found: index, last: n_texts.saturating_sub(1) };
        let slot = vectors.get_mut(index).filter(|slot| slot.is_none()).ok_or_else(wrong)?;
        *slot = Some(check(row.embedding.0, index, dimension)?);
    }
    Ok(vectors.into_iter().flatten().collect())
}

/// A vector that points somewhere and is as long as the model's.
pub(crate) fn check(
    values: Vec<f32>,
    at: usize,
    expected: usize,
) -> Result<Vector, EmbeddingError> {
    let found = values.len();
    if found != expected {
        return Err(EmbeddingError::Dimension { at, expected, found });
    }
    if values.iter().any(|x| !x.is_finite()) || values.iter().all(|&x| x == 0.0) {
        return Err(EmbeddingError::Numbers { at });
    }
    Ok(Arc::from(values))
}

/// Little-endian 32-bit floats.
pub(crate) fn floats(bytes: &[u8]) -> Option<Vec<f32>> {
    let (values, rest) = bytes.as_chunks::<4>();
    rest.is_empty().then(|| values.iter().map(|x| f32::from_le_bytes(*x)).collect())
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ValuesVisitor)
    }
}

struct ValuesVisitor;

impl<'de> Visitor<'de> for ValuesVisitor {
    type Value = Values;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("numbers, or base64 of 32-bit floats")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut numbers: A) -> Result<Values, A::Error> {
        let mut values = Vec::new();
        while let Some(number) = numbers.next_element::<f32>()? {
            if values.len() == MAX_DIMENSION {
                return Err(A::Error::custom(format!("more than {MAX_DIMENSION} numbers")));
            }
            values.push(number);
        }
        Ok(Values(values))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Values, E> {
        let bytes = BASE64.decode(text).map_err(E::custom)?;
        let whole = || E::custom(format!("{} bytes, expected a multiple of 4", bytes.len()));
        floats(&bytes).map(Values).ok_or_else(whole)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reading(answer: &serde_json::Value) -> Result<Vec<Vec<f32>>, EmbeddingError> {
        let vectors = read(answer.to_string().as_bytes(), 2, 2)?;
        Ok(vectors.iter().map(|v| v.to_vec()).collect())
    }

    fn rows(a: serde_json::Value, b: serde_json::Value) -> serde_json::Value {
        json!({ "object": "list", "model": "m", "usage": {}, "data": [
            { "object": "embedding", "index": a[0], "embedding": a[1] },
            { "object": "embedding", "index": b[0], "embedding": b[1] },
        ] })
    }

    #[test]
    fn a_request_is_as_openai_defines_it() {
        let body = ask("m", &["a", "b\n"], Encoding::Base64);
        let expected = r#"{"model":"m","input":["a","b\n"],"encoding_format":"base64"}"#;
        assert_eq!(String::from_utf8(body).unwrap(), expected);
    }

    #[test]
    fn vectors_come_in_the_order_of_their_index() {
        let numbers = rows(json!([1, [3.0, 4.0]]), json!([0, [1, 2.5]]));
        assert_eq!(reading(&numbers).unwrap(), [[1.0, 2.5], [3.0, 4.0]]);
        // struct.pack("<2f", 1.0, 2.5), as Python has it.
        let packed = rows(json!([1, [3.0, 4.0]]), json!([0, "AACAPwAAIEA="]));
        assert_eq!(reading(&packed).unwrap(), [[1.0, 2.5], [3.0, 4.0]]);
        let bare = json!({ "data": [{ "embedding": [1, 2] }, { "embedding": [3, 4] }] });
        assert_eq!(reading(&bare).unwrap(), [[1.0, 2.0], [3.0, 4.0]]);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let said = |answer: serde_json::Value| reading(&answer).unwrap_err().to_string();
        let good = || json!([0, [1.0, 2.0]]);
        assert_eq!(said(json!({ "data": [] })), "it answered 0 vectors, expected 2");
        for wrong in [json!([0, [1.0, 2.0]]), json!([2, [1.0, 2.0]]), json!([null, [1.0, 2.0]])] {
            assert!(said(rows(good(), wrong)).starts_with("index "));
        }
        let short = said(rows(good(), json!([1, [1.0]])));
        assert_eq!(short, "vector 1 has 1 values, expected 2");
        // struct.pack("<2f", nan, 1.0) and (inf, 1.0), as Python has it.
        for values in [json!("AADAfwAAgD8="), json!("AACAfwAAgD8="), json!([0, 0])] {
            let said = said(rows(good(), json!([1, values])));
            assert_eq!(said, "vector 1: expected finite numbers, not all of them 0");
        }
        for garbled in [json!(null), json!([1]), json!({ "data": [{}] }), json!("x")] {
            assert!(said(garbled).starts_with("its answer cannot be read: "));
        }
        for values in [json!("AAA="), json!("?"), json!(["1", 2]), json!([1e39, 0]), json!(true)] {
            let said = said(rows(good(), json!([1, values])));
            assert!(said.starts_with("its answer cannot be read: "), "{said}");
        }
        let long = vec![1; MAX_DIMENSION + 1];
        assert!(said(rows(good(), json!([1, long]))).contains("more than 4096 numbers"));
        assert!(matches!(read(b"{\"data\":", 1, 1), Err(EmbeddingError::Garbled(_))));
    }
}
