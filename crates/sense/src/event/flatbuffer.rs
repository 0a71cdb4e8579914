//! The little of FlatBuffers that AEDAT4 needs, every offset checked: a size-prefixed buffer, its
//! root table, and scalars, strings and vectors of structs in it.
//!
//! Source: "FlatBuffer Internals", flatbuffers.dev. All is little endian; offsets are relative.

/// A table: where it is and where its fields are.
#[derive(Clone, Copy)]
pub(super) struct Table<'a> {
    bytes: &'a [u8],
    at: usize,
    vtable_at: usize,
    vtable_bytes: usize,
}

/// N bytes at a position, if they are there.
fn bytes_at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    Some(u32::from_le_bytes(bytes_at(bytes, at)?) as usize)
}

/// The identifier of a size-prefixed buffer.
pub(super) fn identifier(bytes: &[u8]) -> Option<[u8; 4]> {
    bytes_at(bytes, 8)
}

impl<'a> Table<'a> {
    /// The root table of a size-prefixed buffer, which may be followed by other bytes.
    pub(super) fn root(bytes: &'a [u8]) -> Option<Table<'a>> {
        let size = u32_at(bytes, 0)?;
        let bytes = bytes.get(4..size.checked_add(4)?)?;
        Table::at(bytes, u32_at(bytes, 0)?)
    }

    fn at(bytes: &'a [u8], at: usize) -> Option<Table<'a>> {
        let back = i64::from(i32::from_le_bytes(bytes_at(bytes, at)?));
        let vtable_at = usize::try_from(i64::try_from(at).ok()? - back).ok()?;
        let vtable_bytes = usize::from(u16::from_le_bytes(bytes_at(bytes, vtable_at)?));
        Some(Table { bytes, at, vtable_at, vtable_bytes })
    }

    /// Where a field is; `None` if the table leaves it at its default.
    fn field(&self, idx: usize) -> Option<usize> {
        let entry = 4 + 2 * idx;
        if entry + 2 > self.vtable_bytes {
            return None;
        }
        let offset = u16::from_le_bytes(bytes_at(self.bytes, self.vtable_at.checked_add(entry)?)?);
        (offset > 0).then(|| self.at.checked_add(offset.into())).flatten()
    }

    pub(super) fn i32(&self, idx: usize) -> Option<i32> {
        Some(i32::from_le_bytes(bytes_at(self.bytes, self.field(idx)?)?))
    }

    pub(super) fn i64(&self, idx: usize) -> Option<i64> {
        Some(i64::from_le_bytes(bytes_at(self.bytes, self.field(idx)?)?))
    }

    /// The bytes of a vector of structs of so many bytes; a string is one of 1 byte.
    pub(super) fn vector(&self, idx: usize, struct_bytes: usize) -> Option<&'a [u8]> {
        let field = self.field(idx)?;
        let at = field.checked_add(u32_at(self.bytes, field)?)?;
        let n_bytes = u32_at(self.bytes, at)?.checked_mul(struct_bytes)?;
        let start = at.checked_add(4)?;
        self.bytes.get(start..start.checked_add(n_bytes)?)
    }

    pub(super) fn u8(&self, idx: usize) -> Option<u8> {
        self.bytes.get(self.field(idx)?).copied()
    }

    /// A table of a vector of tables.
    pub(super) fn table(&self, idx: usize, element_idx: usize) -> Option<Table<'a>> {
        let field = self.field(idx)?;
        let vector_at = field.checked_add(u32_at(self.bytes, field)?)?;
        let at = vector_at.checked_add(4)?.checked_add(element_idx.checked_mul(4)?)?;
        Table::at(self.bytes, at.checked_add(u32_at(self.bytes, at)?)?)
    }

    /// Whether the table has the field at all.
    pub(super) fn has(&self, idx: usize) -> bool {
        self.field(idx).is_some()
    }
}
