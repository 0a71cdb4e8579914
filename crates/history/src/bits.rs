//! Bits one after another, highest first.

/// Writes bits.
#[derive(Clone, Debug, Default)]
pub(crate) struct BitWriter {
    bytes: Vec<u8>,
    /// Bits of the last byte that are not used yet.
    free: u32,
}

impl BitWriter {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    pub(crate) fn bit(&mut self, bit: bool) {
        self.bits(u64::from(bit), 1);
    }

    /// The lowest `count` bits of `value`; at most 64.
    pub(crate) fn bits(&mut self, value: u64, count: u32) {
        let mut left = count;
        while left > 0 {
            if self.free == 0 {
                self.bytes.push(0);
                self.free = 8;
            }
            let taken = left.min(self.free);
            let part = (value >> (left - taken)) & ((1 << taken) - 1);
            if let Some(last) = self.bytes.last_mut() {
                *last |= (part as u8) << (self.free - taken);
            }
            self.free -= taken;
            left -= taken;
        }
    }
}

/// Reads bits; `None` past the end.
#[derive(Clone, Debug)]
pub(crate) struct BitReader<'a> {
    bytes: &'a [u8],
    /// Bits read from memory and not yet asked for, in the lowest `ready`.
    buffer: u64,
    ready: u32,
}

impl<'a> BitReader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, buffer: 0, ready: 0 }
    }

    pub(crate) fn bit(&mut self) -> Option<bool> {
        Some(self.bits(1)? == 1)
    }

    /// The next `count` bits; at most 64.
    pub(crate) fn bits(&mut self, count: u32) -> Option<u64> {
        if count > 32 {
            let high = self.bits(count - 32)?;
            return Some(high << 32 | self.bits(32)?);
        }
        if self.ready < count {
            self.fill();
            if self.ready < count {
                return None;
            }
        }
        self.ready -= count;
        Some(self.buffer >> self.ready & ((1 << count) - 1))
    }

    fn fill(&mut self) {
        if let Some((four, rest)) = self.bytes.split_first_chunk::<4>() {
            self.buffer = self.buffer << 32 | u64::from(u32::from_be_bytes(*four));
            (self.bytes, self.ready) = (rest, self.ready + 32);
            return;
        }
        for byte in std::mem::take(&mut self.bytes) {
            self.buffer = self.buffer << 8 | u64::from(*byte);
            self.ready += 8;
        }
    }
}
