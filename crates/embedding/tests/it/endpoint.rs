//! An endpoint that speaks OpenAI's embeddings, on a free port: the same text always has the same
//! vector, words that mean the same are the same, and it fails as it is told to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

/// Words that mean the same.
const SAME: [(&str, &str); 3] = [("roadster", "car"), ("physician", "doctor"), ("feline", "cat")];

/// How it answers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fault {
    /// As it should, the last vector first.
    None,
    /// With a status and a body.
    Status(u16, &'static str),
    /// Never.
    Hang,
    /// With vectors that are one value short.
    Dimension,
    /// With a vector that holds no number.
    NotANumber,
    /// With one index twice.
    Index,
    /// With one vector fewer.
    Short,
    /// With a page.
    Garbage,
    /// With half of it.
    Half,
    /// With much more than vectors.
    Large,
    /// It fails so often, then answers.
    Times(u32),
}

#[derive(Default)]
struct Seen {
    fault: Option<Fault>,
    requests: Vec<Value>,
    keys: Vec<Option<String>>,
}

/// A running endpoint; it ends with the test.
#[derive(Clone)]
pub(crate) struct Endpoint {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

impl Endpoint {
    pub(crate) fn start(dimension: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let endpoint = Self { address, seen: Arc::clone(&seen) };
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let seen = Arc::clone(&seen);
                std::thread::spawn(move || while answer(&stream, &seen, dimension).is_some() {});
            }
        });
        endpoint
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/v1/embeddings", self.address)
    }

    pub(crate) fn fail(&self, fault: Fault) {
        self.seen.lock().unwrap().fault = Some(fault);
    }

    /// What was asked, the texts of each request; forgotten then.
    pub(crate) fn asked(&self) -> Vec<Vec<String>> {
        let requests = std::mem::take(&mut self.seen.lock().unwrap().requests);
        let texts = |request: &Value| {
            let input = request["input"].as_array().unwrap();
            input.iter().map(|text| text.as_str().unwrap().to_owned()).collect()
        };
        requests.iter().map(texts).collect()
    }

    /// The headers of the key that came.
    pub(crate) fn keys(&self) -> Vec<Option<String>> {
        self.seen.lock().unwrap().keys.clone()
    }
}

/// The vector of a text.
pub(crate) fn vector(text: &str, dimension: usize) -> Vec<f32> {
    let mut vector = vec![0.01; dimension];
    for word in text.to_lowercase().split(|c: char| !c.is_alphanumeric()).filter(|w| w.len() > 2) {
        let word = SAME.iter().find(|(a, _)| *a == word).map_or(word, |(_, b)| b);
        let hash = word.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, b| {
            (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
        });
        vector[(hash >> 7) as usize % dimension] += if hash & 1 == 0 { 1.0 } else { -1.0 };
    }
    vector
}

fn answer(stream: &TcpStream, seen: &Mutex<Seen>, dimension: usize) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let (mut length, mut key) = (0, None);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            if line.trim_end().is_empty() {
                break;
            }
            continue;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "authorization" => key = Some(value.to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let request: Value = serde_json::from_slice(&body).ok()?;
    let fault = {
        let mut seen = seen.lock().unwrap();
        seen.requests.push(request.clone());
        seen.keys.push(key);
        match &mut seen.fault {
            Some(Fault::Times(0)) | None => Fault::None,
            Some(Fault::Times(n)) => {
                *n -= 1;
                Fault::Status(503, "")
            }
            Some(other) => other.clone(),
        }
    };
    let (status, body) = body_of(&request, &fault, dimension);
    let head = format!(
        "HTTP/1.1 {status} said\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = stream;
    stream.write_all(head.as_bytes()).ok()?;
    if fault == Fault::Half {
        stream.write_all(&body.as_bytes()[..body.len() / 2]).ok()?;
        return None;
    }
    stream.write_all(body.as_bytes()).ok()
}

fn body_of(request: &Value, fault: &Fault, dimension: usize) -> (u16, String) {
    let texts = request["input"].as_array().unwrap();
    let values = |k: usize, text: &Value| {
        let mut vector = vector(text.as_str().unwrap(), dimension);
        match fault {
            Fault::Dimension => drop(vector.pop()),
            Fault::NotANumber if k == 0 => vector[0] = f32::NAN,
            _ => {}
        }
        let base64 = request["encoding_format"] == "base64" || *fault == Fault::NotANumber;
        if base64 { json!(base64_of(&vector)) } else { json!(vector) }
    };
    let mut data: Vec<Value> = texts
        .iter()
        .enumerate()
        .map(|(k, text)| json!({ "object": "embedding", "index": k, "embedding": values(k, text) }))
        .collect();
    data.reverse();
    match fault {
        Fault::Index => data[0]["index"] = json!(texts.len()),
        Fault::Short => drop(data.pop()),
        _ => {}
    }
    let good = json!({ "object": "list", "model": request["model"], "data": data }).to_string();
    match fault {
        Fault::Status(status, body) => (*status, (*body).to_owned()),
        Fault::Hang => {
            std::thread::sleep(Duration::from_secs(3600));
            (200, good)
        }
        Fault::Garbage => (200, "<html>502 Bad Gateway</html>".into()),
        Fault::Large => (200, format!("{good}{}", " ".repeat(64 << 20))),
        _ => (200, good),
    }
}

fn base64_of(vector: &[f32]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes: Vec<u8> = vector.iter().flat_map(|x| x.to_le_bytes()).collect();
    let quad = |three: &[u8]| {
        let at = |k: usize| u32::from(*three.get(k).unwrap_or(&0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        let letter = |k: usize| match k <= three.len() {
            true => LETTERS[(bits >> (18 - 6 * k) & 63) as usize] as char,
            false => '=',
        };
        [letter(0), letter(1), letter(2), letter(3)]
    };
    bytes.chunks(3).flat_map(quad).collect()
}
