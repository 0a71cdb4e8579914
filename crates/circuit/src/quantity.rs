//! Quantities with units: `"20 ms"`, `"-60 mV"`, `"87.81 pA"`.
//! Each kind has one unit inside: ms, mV, pA, pF, nS, Hz, mV/ms.

use std::fmt;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Time (ms).
    Time,
    /// Potential (mV).
    Potential,
    /// Current (pA).
    Current,
    /// Capacitance (pF).
    Capacitance,
    /// Conductance (nS).
    Conductance,
    /// Rate (Hz).
    Rate,
    /// A number without a unit.
    Number,
}

/// Units: name, kind, and what one is worth in the unit inside.
const UNITS: [(&str, Kind, f64); 21] = [
    ("s", Kind::Time, 1e3),
    ("ms", Kind::Time, 1.0),
    ("us", Kind::Time, 1e-3),
    ("µs", Kind::Time, 1e-3),
    ("mV", Kind::Potential, 1.0),
    ("V", Kind::Potential, 1e3),
    ("uV", Kind::Potential, 1e-3),
    ("µV", Kind::Potential, 1e-3),
    ("pA", Kind::Current, 1.0),
    ("nA", Kind::Current, 1e3),
    ("uA", Kind::Current, 1e6),
    ("µA", Kind::Current, 1e6),
    ("pF", Kind::Capacitance, 1.0),
    ("nF", Kind::Capacitance, 1e3),
    ("uF", Kind::Capacitance, 1e6),
    ("nS", Kind::Conductance, 1.0),
    ("uS", Kind::Conductance, 1e3),
    ("µS", Kind::Conductance, 1e3),
    ("pS", Kind::Conductance, 1e-3),
    ("Hz", Kind::Rate, 1.0),
    ("kHz", Kind::Rate, 1e3),
];

impl Kind {
    /// What would be right: the kind with an example.
    pub fn expected(self) -> &'static str {
        match self {
            Self::Time => "a time, like \"20 ms\" (s, ms, us)",
            Self::Potential => "a potential, like \"-60 mV\" (V, mV, uV)",
            Self::Current => "a current, like \"87.81 pA\" (uA, nA, pA)",
            Self::Capacitance => "a capacitance, like \"250 pF\" (uF, nF, pF)",
            Self::Conductance => "a conductance, like \"6 nS\" (uS, nS, pS)",
            Self::Rate => "a rate, like \"8 Hz\" (Hz, kHz)",
            Self::Number => "a number without a unit, like 0.02",
        }
    }

    /// The value of a quantity in the unit inside.
    ///
    /// # Errors
    /// What was found where it is none of this kind.
    pub fn parse(self, text: &str) -> Result<f64, String> {
        let trimmed = text.trim();
        let number_end = trimmed
            .char_indices()
            .find(|(at, c)| {
                let exponent = (*c == 'e' || *c == 'E')
                    && trimmed[at + 1..]
                        .starts_with(|d: char| d.is_ascii_digit() || "+-".contains(d));
                !(c.is_ascii_digit() || "+-._".contains(*c) || exponent)
            })
            .map_or(trimmed.len(), |(at, _)| at);
        let (number, unit) = trimmed.split_at(number_end);
        let unit = unit.trim();
        let value: f64 = number
            .replace('_', "")
            .parse()
            .map_err(|_| format!("\"{}\", which begins with no number", shown(text)))?;
        if !value.is_finite() {
            return Err(format!("\"{}\", which no number holds", shown(text)));
        }
        let unit = unit.replace('μ', "µ");
        match UNITS.iter().find(|(name, _, _)| *name == unit) {
            Some((_, kind, worth)) if *kind == self => Ok(value * worth),
            Some((_, kind, _)) => Err(format!("\"{}\", {kind}", shown(text))),
            None if unit.is_empty() => Err(format!("\"{}\", without a unit", shown(text))),
            None => Err(format!("\"{}\", whose unit is unknown", shown(text))),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Time => "a time",
            Self::Potential => "a potential",
            Self::Current => "a current",
            Self::Capacitance => "a capacitance",
            Self::Conductance => "a conductance",
            Self::Rate => "a rate",
            Self::Number => "a number",
        })
    }
}

/// Text as it is shown in a problem: its beginning.
pub(crate) fn shown(text: &str) -> String {
    const MOST: usize = 40;
    let mut shown: String = text.chars().take(MOST).collect();
    if text.chars().count() > MOST {
        shown.push_str("...");
    }
    shown.escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn quantities_come_to_one_unit() {
        let check = |kind: Kind, text: &str, expected: f64| {
            let found = kind.parse(text).unwrap();
            assert!((found - expected).abs() <= 1e-12 * expected.abs(), "{text}: {found}");
        };
        check(Kind::Time, "20 ms", 20.0);
        check(Kind::Time, "0.5s", 500.0);
        check(Kind::Time, " 1e2 us ", 0.1);
        check(Kind::Potential, "-60 mV", -60.0);
        check(Kind::Current, "1_000.5 nA", 1_000_500.0);
        check(Kind::Rate, "1.5e-1 kHz", 150.0);
        check(Kind::Conductance, "2 μS", 2000.0);
    }

    #[test]
    fn what_is_no_quantity_is_told() {
        let check = |text: &str, expected: &str| {
            assert_eq!(Kind::Time.parse(text).unwrap_err(), expected);
        };
        check("20", "\"20\", without a unit");
        check("20 mV", "\"20 mV\", a potential");
        check("20 parsec", "\"20 parsec\", whose unit is unknown");
        check("ms", "\"ms\", which begins with no number");
        check("1e999 ms", "\"1e999 ms\", which no number holds");
    }
}
