//! NVIDIA's program `nvidia-smi`, run with a limit on its time and on what it prints.
//!
//! Source: `nvidia-smi --help-query-gpu`; the manual page of `nvidia-smi`, "SELECTIVE QUERY OPTIONS".

use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use super::{Gpu, MAX_GPUS, reasons};
use crate::error::Error;

/// How long the program may take.
pub const SMI_LIMIT: Duration = Duration::from_secs(5);

/// How much of what it prints is read (bytes); 256 GPUs print some 50 KB.
pub const MAX_SMI_BYTES: usize = 1 << 20;

/// How much of a field an error shows (characters).
const MAX_SHOWN: usize = 40;

/// What is asked for, in the order of [`gpu`]'s fields.
const QUERY: &str = "--query-gpu=index,uuid,name,utilization.gpu,utilization.memory,memory.used,\
memory.total,temperature.gpu,power.draw,clocks.current.sm,fan.speed,\
ecc.errors.corrected.volatile.total,ecc.errors.uncorrected.volatile.total,\
clocks_throttle_reasons.active";

const N_FIELDS: usize = 14;

/// The program.
#[derive(Clone, Debug)]
pub struct Smi {
    program: PathBuf,
    limit: Duration,
    /// One that was killed and is still there: it waits for a driver that does not answer.
    lingers: Arc<AtomicBool>,
}

impl Default for Smi {
    /// `nvidia-smi` on the `PATH`.
    fn default() -> Self {
        Self::new("nvidia-smi".into(), SMI_LIMIT)
    }
}

impl Smi {
    /// This program, which may take so long.
    pub fn new(program: PathBuf, limit: Duration) -> Self {
        Self { program, limit, lingers: Arc::default() }
    }

    /// Runs it once and waits for it.
    ///
    /// # Errors
    ///
    /// [`Error::Unreadable`] where it cannot be started or fails, [`Error::TimedOut`],
    /// [`Error::TooMuchOutput`], [`Error::NotEnded`] while one that was killed is still there, and
    /// [`Error::Malformed`].
    pub fn read(&self) -> Result<Vec<Gpu>, Error> {
        let program = self.program.display().to_string();
        if self.lingers.swap(true, Ordering::AcqRel) {
            return Err(Error::NotEnded { program });
        }
        let (output, status) = self.run(&program)?;
        if output.len() > MAX_SMI_BYTES {
            return Err(Error::TooMuchOutput { program, limit_bytes: MAX_SMI_BYTES });
        }
        let text = String::from_utf8_lossy(&output);
        if !status.success() {
            let reason = format!("{status}: {}", shown(text.trim()));
            return Err(Error::unreadable(program, reason));
        }
        parse_smi(&text)
    }

    /// A thread waits for it, and goes on waiting for one that was killed and does not go.
    fn run(&self, program: &str) -> Result<(Vec<u8>, ExitStatus), Error> {
        let wrong = |error| Error::unreadable(program, error);
        let lingers = Lingers(Arc::clone(&self.lingers));
        let mut child = self.command().spawn().map_err(wrong)?;
        let group = child.id();
        let (sender, receiver) = mpsc::channel();
        let waiting = std::thread::Builder::new().name("nvidia-smi".to_owned()).spawn(move || {
            let output = bounded(&mut child);
            let status = child.wait();
            drop(lingers);
            // Nobody listens once the time is over.
            drop(sender.send(output.and_then(|output| Ok((output, status?)))));
        });
        match waiting.map(|_| receiver.recv_timeout(self.limit)) {
            Ok(Ok(ended)) => ended.map_err(wrong),
            Ok(Err(_)) => {
                kill(group);
                Err(Error::TimedOut { program: program.to_owned(), limit: self.limit })
            }
            Err(error) => {
                kill(group);
                Err(wrong(error))
            }
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args([QUERY, "--format=csv,noheader,nounits"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        // Of its own group, so that what it starts is killed with it.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command
    }
}

/// That one is running; over when it is dropped.
struct Lingers(Arc<AtomicBool>);

impl Drop for Lingers {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// Kills the group that this process leads. Where there are no groups, it is left to end by itself.
fn kill(leader: u32) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(leader).ok().and_then(rustix::process::Pid::from_raw) {
        // It may be gone already.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    #[cfg(not(unix))]
    let _ = leader;
}

/// What it prints; one byte more than the limit tells that there is more, and ends it.
fn bounded(child: &mut Child) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(output) = child.stdout.take() {
        output.take(MAX_SMI_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    }
    if bytes.len() > MAX_SMI_BYTES {
        kill(child.id());
    }
    Ok(bytes)
}

/// Reads what `nvidia-smi` prints for our query with `--format=csv,noheader,nounits`: a line for
/// each GPU, fields parted by a comma, sizes in MiB, power in W, clocks in MHz, shares in percent,
/// and `[N/A]`, `[Not Supported]` and their like for what is not told.
///
/// # Errors
///
/// [`Error::Malformed`], with the line.
pub fn parse_smi(text: &str) -> Result<Vec<Gpu>, Error> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let mut gpus = Vec::new();
    for (idx, line) in lines {
        let malformed = |(expected, found): (&'static str, &str)| Error::Malformed {
            what: "the output of nvidia-smi",
            line: idx + 1,
            expected,
            found: shown(found),
        };
        if gpus.len() == MAX_GPUS {
            return Err(malformed(("at most 256 GPUs", line)));
        }
        gpus.push(gpu(line).map_err(malformed)?);
    }
    Ok(gpus)
}

fn shown(found: &str) -> String {
    found.chars().take(MAX_SHOWN).collect()
}

/// What was expected, and what was found.
type Wrong<'a> = (&'static str, &'a str);

fn gpu(line: &str) -> Result<Gpu, Wrong<'_>> {
    let fields: Vec<&str> = line.split(',').map(str::trim).collect();
    let Ok(fields) = <[&str; N_FIELDS]>::try_from(fields) else {
        return Err(("14 fields", line));
    };
    let [index, uuid, name, used, memory_used, ..] = fields;
    let [.., bytes_used, bytes, celsius, watts, megahertz, fan, corrected, uncorrected, bits] =
        fields;
    Ok(Gpu {
        index: index.parse().map_err(|_| ("an index", index))?,
        uuid: text("a UUID", uuid)?,
        name: text("a name", name)?,
        utilization: percent(used)?,
        memory_utilization: percent(memory_used)?,
        memory_used_bytes: mebibytes(bytes_used)?,
        memory_total_bytes: mebibytes(bytes)?,
        temperature_celsius: number("degrees from -273 to 1000", celsius, -273.0, 1e3)?,
        power_watts: number("watts from 0 to 1000000", watts, 0.0, 1e6)?,
        energy_joules: None,
        sm_clock_hertz: number("MHz from 0 to 1000000", megahertz, 0.0, 1e6)?.map(|m| m * 1e6),
        // A fan may be driven beyond its rated speed.
        fan_ratio: number("percent from 0 to 1000", fan, 0.0, 1e3)?.map(|p| p / 100.0),
        ecc_errors_corrected: count(corrected)?,
        ecc_errors_uncorrected: count(uncorrected)?,
        throttle_reasons: bit_field(bits)?.map(reasons).unwrap_or_default(),
    })
}

/// `[N/A]`, `[Not Supported]`, `[Insufficient Permissions]`, `[Unknown Error]`, ...; older drivers
/// leave the brackets out, and newer ones write some names so.
fn is_told(field: &str) -> bool {
    let bracketed = field.starts_with('[') && field.ends_with(']');
    !(bracketed || matches!(field, "N/A" | "Not Supported" | "Unknown Error"))
}

fn text<'a>(expected: &'static str, field: &'a str) -> Result<String, Wrong<'a>> {
    if field.is_empty() { Err((expected, field)) } else { Ok(field.to_owned()) }
}

fn number<'a>(
    expected: &'static str,
    field: &'a str,
    least: f64,
    most: f64,
) -> Result<Option<f64>, Wrong<'a>> {
    if !is_told(field) {
        return Ok(None);
    }
    let number: f64 = field.parse().map_err(|_| (expected, field))?;
    // Not a number is in no range.
    if (least..=most).contains(&number) { Ok(Some(number)) } else { Err((expected, field)) }
}

fn percent(field: &str) -> Result<Option<f64>, Wrong<'_>> {
    Ok(number("percent from 0 to 100", field, 0.0, 100.0)?.map(|percent| percent / 100.0))
}

fn count(field: &str) -> Result<Option<u64>, Wrong<'_>> {
    if !is_told(field) {
        return Ok(None);
    }
    field.parse().map(Some).map_err(|_| ("a count", field))
}

fn mebibytes(field: &str) -> Result<Option<u64>, Wrong<'_>> {
    let Some(mebibytes) = count(field)? else { return Ok(None) };
    mebibytes.checked_mul(1 << 20).map(Some).ok_or(("MiB", field))
}

fn bit_field(field: &str) -> Result<Option<u64>, Wrong<'_>> {
    if !is_told(field) {
        return Ok(None);
    }
    let wrong = ("bits such as 0x0000000000000004", field);
    let digits = field.strip_prefix("0x").ok_or(wrong)?;
    u64::from_str_radix(digits, 16).map(Some).map_err(|_| wrong)
}
