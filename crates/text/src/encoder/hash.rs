//! The one hash of features: FNV-1a with a finaliser. Vectors are kept, so it never changes.

/// The hash of the bytes of all parts, one after the other.
pub(super) fn hash(parts: &[&[u8]]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.iter());
    let mixed = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |h, byte| {
        (h ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    });
    let mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 29)
}

#[cfg(test)]
mod tests {
    use super::hash;

    #[test]
    fn it_never_changes() {
        assert_eq!(hash(&[]), 0x8570_e250_fe4c_2473);
        assert_eq!(hash(&[b"striatum"]), 0x3a7d_718e_d168_a148);
        assert_eq!(hash(&[b"str", b"iatum"]), hash(&[b"striatum"]));
    }
}
