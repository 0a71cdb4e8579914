//! What a step of learning overwrote, and the reading of snapshots.

use crate::error::PlasticityError;

/// What has to be put back to undo one sample.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) class: u32,
    /// Unit, wins, weights, in the order of the changes.
    pub(crate) before: Vec<(usize, u32, Vec<f32>)>,
    /// A unit was made, the last one.
    pub(crate) allocated: bool,
}

impl Step {
    pub(crate) fn new(class: u32) -> Self {
        Self { class, before: Vec::new(), allocated: false }
    }
}

/// Bytes of a snapshot, hostile until they fit.
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8], magic: &[u8]) -> Result<Self, PlasticityError> {
        let expected = || String::from_utf8_lossy(magic).into_owned();
        let rest = bytes.strip_prefix(magic);
        rest.map(Self).ok_or_else(|| wrong("beginning", expected(), "another".to_owned()))
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], PlasticityError> {
        let short = || wrong("length", format!("{N} more bytes"), self.0.len().to_string());
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or_else(short)?;
        self.0 = rest;
        Ok(*head)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, PlasticityError> {
        self.take().map(u64::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, PlasticityError> {
        self.take().map(u32::from_le_bytes)
    }

    pub(crate) fn f32(&mut self) -> Result<f32, PlasticityError> {
        let value = self.take().map(f32::from_le_bytes)?;
        if value.is_finite() {
            return Ok(value);
        }
        Err(wrong("weight", "a finite number".to_owned(), value.to_string()))
    }

    pub(crate) fn expect(
        &mut self,
        part: &'static str,
        expected: u64,
    ) -> Result<(), PlasticityError> {
        let found = self.u64()?;
        if found == expected {
            return Ok(());
        }
        Err(wrong(part, expected.to_string(), found.to_string()))
    }

    pub(crate) fn count(
        &mut self,
        part: &'static str,
        most: usize,
    ) -> Result<usize, PlasticityError> {
        let found = self.u64()?;
        let n = usize::try_from(found).unwrap_or(usize::MAX);
        self.below(part, n, most)?;
        Ok(n)
    }

    pub(crate) fn below(
        &self,
        part: &'static str,
        found: usize,
        most: usize,
    ) -> Result<(), PlasticityError> {
        if found <= most {
            return Ok(());
        }
        Err(wrong(part, format!("at most {most}"), found.to_string()))
    }

    /// What is left.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// What is left must have this many bytes.
    pub(crate) fn length(&self, expected: usize) -> Result<(), PlasticityError> {
        if self.0.len() == expected {
            return Ok(());
        }
        let found = format!("{} bytes", self.0.len());
        Err(wrong("length", format!("{expected} bytes"), found))
    }
}

fn wrong(part: &'static str, expected: String, found: String) -> PlasticityError {
    PlasticityError::Snapshot { part, expected, found }
}
