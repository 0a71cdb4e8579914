//! Strings that break programs, made by a generator and taken from a public list, go in over HTTP and
//! come out byte for byte: stored, read, listed, searched, changed, exported and imported.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use server::Config;

use crate::client::{Running, models};

const NETWORK: &str = "nir/snntorch_srnn12_zero_nodelay.nir";
/// The longest text of a memory (bytes), as the API says.
const MAX_TEXT_BYTES: usize = 64 << 10;
/// Memories of one request.
const TOGETHER: usize = 200;

/// Every kind of text that is known to break programs; none of them empty.
fn strings() -> Vec<String> {
    let list = include_str!("../fixtures/naughty-strings.json");
    let mut all: Vec<String> = serde_json::from_str(list).unwrap();
    all.extend(characters());
    all.extend(mixed());
    all.extend(code().map(str::to_owned));
    all.extend(long());
    all.retain(|text| !text.trim().is_empty());
    all.sort();
    all.dedup();
    all
}

/// Each control and format character, and some of each block of 256 on all planes, within words.
fn characters() -> Vec<String> {
    let controls = (0..=0x1f).chain(0x7f..=0x9f).chain([0xad, 0x61c, 0x180e, 0xfeff, 0xfffc]);
    let formats = (0x2000..=0x206f).chain(0xfe00..=0xfe0f).chain(0xfff0..=0xffff);
    let tags = (0xe0000..=0xe007f).chain([0x1f3fb, 0x1f468, 0x10ffff]);
    let single = controls.chain(formats).chain(tags).filter_map(char::from_u32);
    let mut all: Vec<String> = single.map(|c| format!("a{c}b {c}{c}")).collect();
    // 17 planes of 256 blocks; blocks of surrogates have no characters.
    for block in 0..17 * 256_u32 {
        let some = [0, 1, 0x7f, 0xfe, 0xff].map(|k| char::from_u32(block * 256 + k));
        let some: String = some.into_iter().flatten().collect();
        if !some.is_empty() {
            all.push(format!("plane {} {some}", block / 256));
        }
    }
    all
}

/// Characters of many scripts, marks and directions drawn together.
fn mixed() -> Vec<String> {
    const DRAWN: [&str; 24] = [
        "a",
        "Z",
        "0",
        " ",
        "\t",
        "\n",
        "\r\n",
        "é",
        "e\u{301}",
        "ß",
        "İ",
        "\u{202e}",
        "\u{2066}",
        "\u{200b}",
        "\u{200d}",
        "\u{fe0f}",
        "مرحبا",
        "שלום",
        "日本",
        "한",
        "👩‍👩‍👧‍👦",
        "🇺🇳",
        "\u{1d54f}",
        "\u{10ffff}",
    ];
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut draw = |n: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 20) as usize % n
    };
    (0..500)
        .map(|_| {
            let n = 1 + draw(40);
            (0..n).map(|_| DRAWN[draw(DRAWN.len())]).collect()
        })
        .collect()
}

/// What looks like something that a program would run, read or resolve.
fn code() -> impl Iterator<Item = &'static str> {
    [
        r#"{"text": "inner", "id": null}"#,
        r#"[1, 2, {"$ne": null}]"#,
        r#""\ud800 is no character here, only six letters""#,
        r"\u0000 \x00 %00 \0 \\ \\\\",
        "'; DROP TABLE records; --",
        "\" OR 1=1 --",
        "1; SELECT pg_sleep(10)",
        "$(touch x) `touch x` ; touch x | cat && true",
        "${jndi:ldap://127.0.0.1/a} #{7*7} {{7*7}} <%= 7*7 %>",
        "<script>alert(1)</script><img src=x onerror=alert(1)>",
        "<!--#exec cmd=\"ls\"--><?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b SYSTEM \"c\">]>",
        "../../../etc/passwd",
        "C:\\Windows\\System32\\con.txt",
        "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        "data: event\n\nid: 1\n\n",
        "=cmd|'/c calc'!A1",
        "%s %n %x %d %%s",
        "null",
        "true",
        "NaN",
        "-Infinity",
        "1e309",
        "0x7fffffffffffffff",
        "undefined",
        "text\0with a zero",
        "\u{feff}begins with a mark of byte order",
        "ends with a space ",
        " begins with one",
        "\tand tabs\t",
    ]
    .into_iter()
}

/// As long as a text may be, in one byte, two, three and four for each character.
fn long() -> Vec<String> {
    let full = |c: &str| c.repeat(MAX_TEXT_BYTES / c.len());
    let mut all: Vec<String> = ["x", "é", "字", "🧠", "word ", "e\u{301}"].map(full).into();
    all.push(format!("a{}", "\u{301}".repeat(10_000)));
    all.push("(".repeat(20_000));
    all.push("[{\"a\":".repeat(5_000));
    all
}

fn start() -> Running {
    Running::start(models(NETWORK, ""), Config::default())
}

/// Sends bytes as they are.
fn send(server: &Running, path: &str, kind: &str, body: &[u8]) -> (u16, Value) {
    let request = ureq::post(format!("http://{}{path}", server.address));
    let request = request.config().http_status_as_error(false).build();
    let answer = request.header("content-type", kind).send(body).unwrap();
    let status = answer.status().as_u16();
    let text = answer.into_body().read_to_string().unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// Everything as a file; it is larger than other answers.
fn exported(server: &Running) -> Vec<u8> {
    let url = format!("http://{}/v1/memory/export", server.address);
    let body = ureq::get(url).call().unwrap().into_body();
    body.into_with_config().limit(1 << 28).read_to_vec().unwrap()
}

fn store(server: &Running, texts: &[String]) -> BTreeMap<String, String> {
    let mut ids = BTreeMap::new();
    for (k, some) in texts.chunks(TOGETHER).enumerate() {
        let memory = |(n, text): (usize, &String)| {
            let metadata = if text.len() < 4_000 { json!({ "said": text }) } else { json!({}) };
            json!({ "text": text, "metadata": metadata, "run_id": format!("{}", k * TOGETHER + n) })
        };
        let memories: Vec<Value> = some.iter().enumerate().map(memory).collect();
        let answer =
            server.ask("POST", "/v1/memories/batch", None, json!({ "memories": memories }));
        let answer = answer.of(201);
        for (text, made) in some.iter().zip(answer["results"].as_array().unwrap()) {
            assert_eq!(made["memory"], **text);
            ids.insert(made["id"].as_str().unwrap().to_owned(), text.clone());
        }
    }
    assert_eq!(ids.len(), texts.len());
    ids
}

/// Everything that is listed: texts, and what metadata says, by name.
fn listed(server: &Running) -> BTreeMap<String, (String, Value)> {
    let mut all = BTreeMap::new();
    for status in ["active", "quarantined"] {
        let mut after = String::new();
        loop {
            let path = format!("/v1/memories?status={status}&limit=1000{after}");
            let page = server.ask("GET", &path, None, Value::Null).of(200);
            for one in page["results"].as_array().unwrap() {
                let text = one["memory"].as_str().unwrap().to_owned();
                // What hides text is kept as it is, and shown to somebody before it is found.
                assert_eq!(status == "quarantined", text.chars().any(hides), "{text:?}");
                let said = (text, one["metadata"]["said"].clone());
                all.insert(one["id"].as_str().unwrap().to_owned(), said);
            }
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
    }
    all
}

/// Tags and overrides of direction.
fn hides(c: char) -> bool {
    matches!(c, '\u{e0000}'..='\u{e007f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn same(server: &Running, ids: &BTreeMap<String, String>) {
    let all = listed(server);
    assert_eq!(all.len(), ids.len());
    for (id, text) in ids {
        let (memory, said) = &all[id];
        assert!(memory == text, "{id}: {text:?}");
        assert!(said.is_null() || *said == **text, "{id}: {text:?}");
    }
}

#[test]
fn every_string_comes_back_byte_for_byte() {
    let texts = strings();
    assert!(texts.len() > 5_000, "{}", texts.len());
    let server = start();
    let ids = store(&server, &texts);
    same(&server, &ids);
    // Read alone, searched by itself, and changed to another: a part of them, of each kind some.
    let mut n_found = 0;
    for (k, (id, text)) in ids.iter().enumerate().filter(|(k, _)| k % 11 == 0) {
        let path = format!("/v1/memories/{id}");
        let one = server.ask("GET", &path, None, Value::Null).of(200);
        assert_eq!(one["memory"], **text);
        let run = one["run_id"].clone();
        let query: String = text.chars().take(4_000).collect();
        let asked = json!({ "query": query, "run_id": run, "limit": 5 });
        let found = server.ask("POST", "/v1/search", None, asked);
        let found = found.of(200);
        for hit in found["results"].as_array().unwrap() {
            assert_eq!(hit["memory"], **text, "{k}");
            n_found += 1;
        }
        let history = server.ask("GET", &format!("{path}/history"), None, Value::Null).of(200);
        assert!(history["results"][0].to_string().contains("ADD"), "{history}");
    }
    assert!(n_found > 300, "{n_found} of {} were found by their own text", ids.len() / 11);
    // Over to another server.
    let file = exported(&server);
    let other = start();
    let (status, said) = send(&other, "/v1/memory/import", "application/x-ndjson", &file);
    assert_eq!((status, &said["memories"]), (200, &json!(texts.len())), "{said}");
    same(&other, &ids);
    assert!(exported(&other) == file, "the same file");
}

#[test]
fn what_cannot_be_kept_is_refused_by_name() {
    let server = start();
    let refused = |body: &[u8], status: u16, says: &str| {
        let (found, answer) = send(&server, "/v1/memories", "application/json", body);
        assert_eq!(found, status, "{answer}");
        assert!(answer.to_string().contains(says), "{answer}");
    };
    // Half a pair of surrogates is no text, written as an escape or as bytes.
    for half in [r"\ud800", r"\udfff", r"\udc00\ud800", r"a\udbffb"] {
        refused(format!(r#"{{"text": "x{half}"}}"#).as_bytes(), 400, "hex escape");
    }
    refused(b"{\"text\": \"x\xed\xa0\x80\"}", 400, "");
    refused(b"{\"text\": \"x\xff\"}", 400, "");
    // A control character has to be escaped in JSON.
    refused(b"{\"text\": \"x\x01\"}", 400, "control character");
    for blank in ["", " ", "\\u2003\\n", "\\t"] {
        refused(format!(r#"{{"text": "{blank}"}}"#).as_bytes(), 400, "text: expected 1 character");
    }
    let over = format!(r#"{{"text": "{}"}}"#, "x".repeat(MAX_TEXT_BYTES + 1));
    refused(over.as_bytes(), 400, "65536");
    // A whole pair is a character.
    let (status, answer) =
        send(&server, "/v1/memories", "application/json", br#"{"text": "\ud83e\udde0 \u0000"}"#);
    assert_eq!((status, &answer["results"][0]["memory"]), (201, &json!("\u{1f9e0} \0")));
}
