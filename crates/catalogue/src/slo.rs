//! Service level objectives: error ratios over several windows, and alerts on how fast the error
//! budget burns.
//!
//! Source: Beyer et al., The Site Reliability Workbook (2018), chapter 5, "multiwindow,
//! multi-burn-rate alerts", with its table 5-8 for 30 days.

/// An objective over 30 days.
#[derive(Clone, Copy, Debug)]
pub struct Slo {
    /// Its name.
    pub name: &'static str,
    /// What is promised, in a sentence.
    pub help: &'static str,
    /// Share of good requests that is promised.
    pub objective: f64,
    /// Rate of bad requests; `$w` is the window.
    pub bad: &'static str,
    /// Rate of all requests.
    pub all: &'static str,
}

/// Every objective.
pub const SLOS: &[Slo] = &[
    Slo {
        name: "availability",
        help: "999 of 1,000 requests over HTTP do not fail with 5xx.",
        objective: 0.999,
        bad: r#"(sum(rate(striatum_http_requests_total{status=~"5.."}[$w])) or vector(0))"#,
        all: "sum(rate(striatum_http_requests_total{}[$w]))",
    },
    Slo {
        name: "latency",
        help: "99 of 100 inference requests are answered within a tenth of a second.",
        objective: 0.99,
        bad: r#"(sum(rate(striatum_request_duration_seconds_count{}[$w])) - sum(rate(striatum_request_duration_seconds_bucket{le="0.1"}[$w])))"#,
        all: "sum(rate(striatum_request_duration_seconds_count{}[$w]))",
    },
];

/// Windows of the error ratios.
pub const WINDOWS: [&str; 8] = ["5m", "30m", "1h", "2h", "6h", "1d", "3d", "30d"];

/// One alert on the burn rate: its factor over a long and a short window.
#[derive(Clone, Copy, Debug)]
pub struct Burn {
    /// How many times faster than allowed the budget burns.
    pub factor: f64,
    /// The long window, and the short one that makes it end soon.
    pub windows: (&'static str, &'static str),
    /// Whether somebody must look now.
    pub page: bool,
}

/// 2 % of the budget in an hour, 5 % in six; 10 % in a day or in three.
pub const BURNS: [Burn; 4] = [
    Burn { factor: 14.4, windows: ("1h", "5m"), page: true },
    Burn { factor: 6.0, windows: ("6h", "30m"), page: true },
    Burn { factor: 3.0, windows: ("1d", "2h"), page: false },
    Burn { factor: 1.0, windows: ("3d", "6h"), page: false },
];

/// A recording rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The series that it makes.
    pub name: String,
    /// What it is made of.
    pub expr: String,
    /// Labels that it carries.
    pub labels: Vec<(&'static str, String)>,
}

impl Slo {
    /// The error ratio over a window.
    pub fn ratio(&self, window: &str) -> String {
        format!("{} / {}", self.bad, self.all).replace("$w", window)
    }

    /// When an alert on the burn rate fires.
    pub fn burns(&self, page: bool) -> String {
        let budget = 1.0 - self.objective;
        let above = |window: &str, factor: f64| {
            let limit = format!("{:.6}", factor * budget);
            let limit = limit.trim_end_matches('0');
            format!(r#"{}{{slo="{}"}} > {limit}"#, series(window), self.name)
        };
        let burns = BURNS.iter().filter(|burn| burn.page == page);
        let both = |b: &Burn| {
            format!("({} and {})", above(b.windows.0, b.factor), above(b.windows.1, b.factor))
        };
        burns.map(both).collect::<Vec<_>>().join(" or ")
    }
}

fn series(window: &str) -> String {
    format!("slo:sli_error:ratio_rate{window}")
}

/// The recording rules of every objective.
pub fn records() -> Vec<Record> {
    let of = |slo: &'static Slo| {
        WINDOWS.iter().map(|window| Record {
            name: series(window),
            expr: slo.ratio(window),
            labels: vec![("slo", slo.name.to_owned())],
        })
    };
    SLOS.iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::{SLOS, records};

    #[test]
    fn a_burn_rate_alert_needs_both_windows() {
        assert_eq!(
            SLOS[0].burns(true),
            "(slo:sli_error:ratio_rate1h{slo=\"availability\"} > 0.0144 and \
             slo:sli_error:ratio_rate5m{slo=\"availability\"} > 0.0144) or \
             (slo:sli_error:ratio_rate6h{slo=\"availability\"} > 0.006 and \
             slo:sli_error:ratio_rate30m{slo=\"availability\"} > 0.006)"
        );
        assert_eq!(records().len(), 16);
    }
}
