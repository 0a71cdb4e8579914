//! JSON as Prometheus writes it: values as strings, times as seconds.

use crate::chunk::Sample;
use crate::labels::Labels;
use crate::promql::{Evaluated, brief};

/// JSON that is being written.
#[derive(Default)]
pub(super) struct Json(String);

impl Json {
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }

    pub(super) fn raw(&mut self, text: &str) -> &mut Self {
        self.0.push_str(text);
        self
    }

    pub(super) fn string(&mut self, text: &str) -> &mut Self {
        self.0.push_str(&serde_json::Value::from(text).to_string());
        self
    }

    pub(super) fn list<T>(
        &mut self,
        items: impl Iterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) {
        self.0.push('[');
        for (i, item) in items.enumerate() {
            self.0.push_str(if i == 0 { "" } else { "," });
            write(self, item);
        }
        self.0.push(']');
    }

    pub(super) fn object<'a, T>(
        &mut self,
        entries: impl Iterator<Item = (&'a str, T)>,
        mut write: impl FnMut(&mut Self, T),
    ) {
        self.0.push('{');
        for (i, (name, item)) in entries.enumerate() {
            self.0.push_str(if i == 0 { "" } else { "," });
            self.string(name).raw(":");
            write(self, item);
        }
        self.0.push('}');
    }

    pub(super) fn labels(&mut self, labels: &Labels) {
        self.object(labels.iter(), |json, value| {
            json.string(value);
        });
    }

    /// Seconds, with three places where there are any.
    fn time(&mut self, t_ms: i64) {
        let sign = if t_ms < 0 { "-" } else { "" };
        let (seconds, millis) = (t_ms.unsigned_abs() / 1000, t_ms.unsigned_abs() % 1000);
        self.raw(&format!("{sign}{seconds}"));
        if millis > 0 {
            self.raw(&format!(".{millis:03}"));
        }
    }

    fn sample(&mut self, sample: &Sample) {
        self.raw("[").time(sample.t_ms);
        self.raw(",\"").raw(&brief(sample.value)).raw("\"]");
    }
}

pub(super) fn evaluated(evaluated: &Evaluated) -> Json {
    let mut json = Json::default();
    match evaluated {
        Evaluated::Scalar(sample) => {
            json.raw("{\"resultType\":\"scalar\",\"result\":");
            json.sample(sample);
        }
        Evaluated::String(t_ms, text) => {
            json.raw("{\"resultType\":\"string\",\"result\":[");
            json.time(*t_ms);
            json.raw(",").string(text).raw("]");
        }
        Evaluated::Vector(vector) => {
            json.raw("{\"resultType\":\"vector\",\"result\":");
            json.list(vector.iter(), |json, (labels, sample)| {
                json.raw("{\"metric\":").labels(labels);
                json.raw(",\"value\":").sample(sample);
                json.raw("}");
            });
        }
        Evaluated::Matrix(matrix) => {
            json.raw("{\"resultType\":\"matrix\",\"result\":");
            json.list(matrix.iter(), |json, (labels, samples)| {
                json.raw("{\"metric\":").labels(labels);
                json.raw(",\"values\":");
                json.list(samples.iter(), Json::sample);
                json.raw("}");
            });
        }
    }
    json.raw("}");
    json
}
