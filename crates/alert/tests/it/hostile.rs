//! Texts from outside are read or refused, and never more than that.

use alert::{Config, Dispatcher, Labels, Matcher, RuleFile, Silence, Span, Template};
use resilience::Chance;
use serde_json::json;

const PIECES: [&str; 40] = [
    "{{",
    "}}",
    "{{-",
    "-}}",
    "-",
    " ",
    "$value",
    "$labels.",
    "$labels.a",
    ".Labels.b",
    ".Value",
    "|",
    "printf",
    "humanize",
    "\"",
    "`",
    "%",
    "%.",
    "%.2f",
    "%s",
    "%d",
    "\\",
    "\n",
    "ü",
    "日",
    "🦀",
    "5",
    "1e9",
    "=",
    "!=",
    "=~",
    "!~",
    "(",
    ")*",
    "[",
    "{99}",
    "m",
    "s",
    "y",
    "\0",
];

fn text(chance: &Chance) -> String {
    let n_pieces = chance.bits() % 12;
    (0..n_pieces).map(|_| PIECES[(chance.bits() % PIECES.len() as u64) as usize]).collect()
}

#[test]
fn any_text_is_read_or_refused() {
    let chance = Chance::from_seed(1);
    let labels = Labels::from([("a", "x"), ("b", "7")]);
    let mut n_read = [0; 3];
    for _ in 0..100_000 {
        let text = text(&chance);
        if let Ok(template) = Template::new(&text) {
            n_read[0] += 1;
            template.expand(&labels, f64::from_bits(chance.bits()));
        }
        let gap = format!("{{{{ {text} }}}}");
        if let Ok(template) = Template::new(&gap) {
            n_read[0] += 1;
            template.expand(&labels, f64::from_bits(chance.bits()));
        }
        if let Ok(matcher) = format!("a{text}").parse::<Matcher>() {
            n_read[1] += 1;
            assert_eq!(matcher.to_string().parse(), Ok(matcher.clone()), "{matcher}");
        }
        if let Ok(span) = text.parse::<Span>() {
            n_read[2] += 1;
            assert_eq!(span.to_string().parse(), Ok(span));
        }
    }
    println!("templates, matchers and spans that could be read: {n_read:?}");
    assert!(n_read.iter().all(|n| *n > 10), "{n_read:?}");
}

#[test]
fn any_settings_are_read_or_refused() {
    let chance = Chance::from_seed(2);
    for _ in 0..20_000 {
        let pick =
            |of: &[serde_json::Value]| of[(chance.bits() % of.len() as u64) as usize].clone();
        let any =
            [json!(null), json!(text(&chance)), json!("r"), json!([]), json!(["a=b"]), json!(5)];
        let span = [json!("0s"), json!("5m"), json!(text(&chance)), json!("9y9y")];
        let settings = json!({
            "route": {
                "receiver": pick(&any), "group_by": pick(&any), "group_wait": pick(&span),
                "routes": [{"matchers": pick(&any), "repeat_interval": pick(&span)}],
            },
            "receivers": [{"name": pick(&any)}, {"name": "r", "email_configs": [{
                "to": text(&chance), "from": "a@b.example", "smarthost": text(&chance),
            }]}],
        });
        if let Ok(config) = serde_json::from_value::<Config>(settings) {
            assert_eq!(config.problems().is_empty(), Dispatcher::new(&config).is_ok());
        }
        let rules = json!({"groups": [{"name": "g", "interval": pick(&span), "rules": [{
            "alert": text(&chance), "expr": "x", "labels": {text(&chance): text(&chance)},
            "annotations": {"a": text(&chance)},
        }]}]});
        if let Ok(file) = serde_json::from_value::<RuleFile>(rules) {
            let _ = file.check(&|_| Ok(()));
        }
    }
}

#[test]
fn a_silence_for_ever_is_one() {
    let config = json!({"route": {"receiver": "r"}, "receivers": [{"name": "r"}]});
    let config: Config = serde_json::from_value(config).unwrap();
    let mut dispatcher = Dispatcher::new(&config).unwrap();
    let silence = Silence {
        matchers: vec!["a=b".parse().unwrap()],
        starts_at_ms: i64::MIN,
        ends_at_ms: i64::MAX,
        created_by: "me".to_owned(),
        comment: "for ever".to_owned(),
    };
    let number = dispatcher.silence(silence, 0).unwrap();
    for now_ms in [0, i64::MAX / 2] {
        dispatcher.tick(now_ms);
    }
    assert_eq!(dispatcher.silences().map(|(number, _)| number).collect::<Vec<_>>(), [number]);
}
