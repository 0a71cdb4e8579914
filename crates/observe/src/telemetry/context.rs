//! Which trace a request belongs to, as callers say it and as it is told onward.
//!
//! Source: W3C Trace Context (Recommendation, 2021), sections 3.2 and 3.3.

use std::fmt;

/// A place in a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// The trace.
    pub trace_id: u128,
    /// The span within it; 0 where there is none yet.
    pub span_id: u64,
    /// Whether the trace is kept.
    pub sampled: bool,
}

impl Context {
    /// Reads `traceparent`; none where it does not hold to the form, which is then as if it were
    /// not there.
    pub fn parse(header: &str) -> Option<Self> {
        let mut parts = header.trim().split('-');
        let (version, trace, span, flags) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let lower = |text: &str, n: usize| {
            text.len() == n
                && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        };
        let well = lower(version, 2) && lower(trace, 32) && lower(span, 16) && lower(flags, 2);
        // A later version may have more parts; version 0 may not, and ff is none.
        if !well || version == "ff" || (version == "00" && parts.next().is_some()) {
            return None;
        }
        let trace_id = u128::from_str_radix(trace, 16).ok()?;
        let span_id = u64::from_str_radix(span, 16).ok()?;
        let sampled = u8::from_str_radix(flags, 16).ok()? & 1 == 1;
        (trace_id != 0 && span_id != 0).then_some(Self { trace_id, span_id, sampled })
    }

    /// The trace's id, 32 hexadecimal digits.
    pub fn trace(&self) -> String {
        format!("{:032x}", self.trace_id)
    }
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, u8::from(self.sampled))
    }
}

#[cfg(test)]
mod tests {
    use super::Context;

    #[test]
    fn only_what_holds_to_the_form_is_read() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let context = Context::parse(good).unwrap();
        assert_eq!((context.to_string().as_str(), context.sampled), (good, true));
        assert!(!Context::parse(&good.replace("-01", "-00")).unwrap().sampled);
        assert!(
            Context::parse(&good.replace("00-4b", "cc-4b").replace("-01", "-01-what")).is_some()
        );
        for bad in [
            "",
            "00",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
        ] {
            assert_eq!(Context::parse(bad), None, "{bad}");
        }
    }
}
