//! How many windows fit along an axis.

/// `floor((length + 2 padding - dilation (kernel - 1) - 1) / stride) + 1` by axis; none where no
/// window fits.
pub(super) fn windows(
    input: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
    dilation: [usize; 2],
) -> Option<[usize; 2]> {
    let mut output = [0; 2];
    for axis in 0..2 {
        let reach = dilation[axis].checked_mul(kernel[axis].checked_sub(1)?)?.checked_add(1)?;
        let length = padding[axis].checked_mul(2)?.checked_add(input[axis])?;
        output[axis] = length.checked_sub(reach)? / stride[axis] + 1;
    }
    Some(output)
}

#[cfg(test)]
mod tests {
    use super::windows;

    #[test]
    fn windows_are_counted_as_torch_does() {
        let of = |n, k, s, p, d| windows([n; 2], [k; 2], [s; 2], [p; 2], [d; 2]).map(|w| w[0]);
        assert_eq!(of(28, 3, 1, 1, 1), Some(28));
        assert_eq!(of(28, 3, 2, 1, 1), Some(14));
        assert_eq!(of(7, 3, 2, 0, 2), Some(2));
        assert_eq!(of(3, 5, 1, 0, 1), None);
    }
}
