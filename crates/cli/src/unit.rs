//! Values with the units that panels name, as people read them: `1.25 ms`, `3.4 GiB`, `12.0 k/s`.

/// What stands where there is no value.
pub(crate) const NONE: &str = "–";

/// A value of a unit by Grafana's name.
pub(crate) fn shown(value: Option<f64>, unit: &str) -> String {
    let Some(value) = value.filter(|v| v.is_finite()) else { return NONE.into() };
    match unit {
        "s" => seconds(value),
        "bytes" => bytes(value),
        "Bps" => format!("{}/s", bytes(value)),
        "reqps" | "ops" => per_second(value),
        "percentunit" => format!("{:.1} %", value * 100.0),
        "watt" => scaled(value, &[(1.0, "W"), (1e-3, "mW"), (1e-6, "µW"), (1e-9, "nW")]),
        "celsius" => format!("{value:.0} °C"),
        _ => counted(value),
    }
}

/// A time (seconds) in the unit that suits it.
pub(crate) fn seconds(value: f64) -> String {
    let days = [(86_400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s")];
    scaled(value, &[&days[..], &[(1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")]].concat())
}

fn bytes(value: f64) -> String {
    let kib = 1024.0_f64;
    let units = [(kib.powi(4), "TiB"), (kib.powi(3), "GiB"), (kib.powi(2), "MiB"), (kib, "KiB")];
    scaled(value, &[&units[..], &[(1.0, "B")]].concat())
}

fn per_second(value: f64) -> String {
    let counted = counted(value);
    let space = if counted.contains(' ') { "" } else { " " };
    format!("{counted}{space}/s")
}

fn counted(value: f64) -> String {
    scaled(value, &[(1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, "")])
}

/// A value in the first unit that it is not smaller than, or in the last.
fn scaled(value: f64, units: &[(f64, &str)]) -> String {
    let fits = |(size, _): &&(f64, &str)| value.abs() >= *size;
    let (size, name) = units.iter().find(fits).or(units.last()).copied().unwrap_or((1.0, ""));
    let zero = if value == 0.0 { units.iter().find(|(size, _)| *size == 1.0) } else { None };
    let name = zero.map_or(name, |(_, name)| name);
    format!("{} {name}", three(value / size)).trim_end().to_owned()
}

/// Three digits, none after the point where there is nothing to say.
fn three(value: f64) -> String {
    match value.abs() {
        _ if value.fract() == 0.0 => format!("{value:.0}"),
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        v if v >= 0.1 => format!("{value:.2}"),
        v if v >= 0.0005 => format!("{value:.3}"),
        _ => format!("{value:.0e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn values_are_written_as_people_read_them() {
        let check = |value: f64, unit, text: &str| assert_eq!(shown(Some(value), unit), text);
        check(0.00125, "s", "1.25 ms");
        check(0.0, "s", "0 s");
        check(5400.0, "s", "1.50 h");
        check(3.4 * 1024.0 * 1024.0, "bytes", "3.40 MiB");
        check(2048.0, "Bps", "2 KiB/s");
        check(12_340.0, "ops", "12.3 k/s");
        check(0.25, "reqps", "0.25 /s");
        check(0.987, "percentunit", "98.7 %");
        check(3.0, "short", "3");
        check(2.55e-5, "watt", "25.5 µW");
        check(-3.0, "short", "-3");
        assert_eq!(shown(None, "s"), "–");
        assert_eq!(shown(Some(f64::NAN), "s"), "–");
    }
}
