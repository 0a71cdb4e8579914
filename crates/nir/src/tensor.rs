//! A tensor: a shape and its values in row-major order, as a file holds them.
//! There is no arithmetic here; see `spike` for what is computed with it.

use std::fmt;

/// Values with a shape; an empty shape is one scalar.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    shape: Vec<usize>,
    data: Data,
}

/// The values of a [`Tensor`] in the precision in which they were stored.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// Single precision.
    F32(Vec<f32>),
    /// Double precision.
    F64(Vec<f64>),
}

impl Tensor {
    /// A tensor of single-precision values; `None` where `shape` does not hold exactly these.
    #[must_use]
    pub fn from_f32(shape: impl Into<Vec<usize>>, values: Vec<f32>) -> Option<Self> {
        Self::new(shape.into(), Data::F32(values))
    }

    /// A tensor of double-precision values; `None` where `shape` does not hold exactly these.
    #[must_use]
    pub fn from_f64(shape: impl Into<Vec<usize>>, values: Vec<f64>) -> Option<Self> {
        Self::new(shape.into(), Data::F64(values))
    }

    /// A tensor of `data`; `None` where `shape` does not hold exactly these.
    #[must_use]
    pub fn new(shape: Vec<usize>, data: Data) -> Option<Self> {
        let fits = n_elements(&shape) == Some(data.len());
        fits.then_some(Self { shape, data })
    }

    /// One value with no axis.
    #[must_use]
    pub fn scalar(value: f32) -> Self {
        Self { shape: Vec::new(), data: Data::F32(vec![value]) }
    }

    /// One value along one axis, `n` times.
    #[must_use]
    pub fn repeat(value: f32, n: usize) -> Self {
        Self { shape: vec![n], data: Data::F32(vec![value; n]) }
    }

    /// The length of every axis.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The stored values.
    #[must_use]
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.data.len()
    }

    /// Whether there is no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The only value of a tensor of one value, whatever its axes.
    #[must_use]
    pub fn to_scalar(&self) -> Option<f64> {
        match &self.data {
            Data::F32(values) => match values.as_slice() {
                [value] => Some(f64::from(*value)),
                _ => None,
            },
            Data::F64(values) => match values.as_slice() {
                [value] => Some(*value),
                _ => None,
            },
        }
    }

    /// The values in single precision, rounded to nearest.
    #[must_use]
    pub fn to_f32(&self) -> Vec<f32> {
        match &self.data {
            Data::F32(values) => values.clone(),
            #[allow(clippy::cast_possible_truncation)]
            Data::F64(values) => values.iter().map(|value| *value as f32).collect(),
        }
    }

    /// The values in double precision.
    #[must_use]
    pub fn to_f64(&self) -> Vec<f64> {
        match &self.data {
            Data::F32(values) => values.iter().map(|value| f64::from(*value)).collect(),
            Data::F64(values) => values.clone(),
        }
    }

    /// Every value in double precision, without a copy.
    pub fn iter(&self) -> impl Iterator<Item = f64> + '_ {
        let (singles, doubles) = match &self.data {
            Data::F32(values) => (values.as_slice(), [].as_slice()),
            Data::F64(values) => ([].as_slice(), values.as_slice()),
        };
        singles.iter().map(|value| f64::from(*value)).chain(doubles.iter().copied())
    }

    /// The same values under another shape; `None` where it does not hold exactly these.
    #[must_use]
    pub fn reshaped(&self, shape: &[usize]) -> Option<Self> {
        Self::new(shape.to_vec(), self.data.clone())
    }

    /// The values spread over `shape` by numpy's rule: axes are matched from the last,
    /// a missing axis or one of length 1 is repeated.
    /// Surplus leading axes of length 1 are dropped.
    /// `None` where the shapes do not go together.
    #[must_use]
    pub fn broadcast_to(&self, shape: &[usize]) -> Option<Self> {
        if self.shape == shape {
            return Some(self.clone());
        }
        let own = without_surplus_axes(&self.shape, shape.len())?;
        let n = n_elements(shape)?;
        let strides = broadcast_strides(own, shape)?;
        let positions = (0..n).map(|flat| source_position(flat, shape, &strides));
        let data = match &self.data {
            Data::F32(values) => Data::F32(gather(values, positions)?),
            Data::F64(values) => Data::F64(gather(values, positions)?),
        };
        Self::new(shape.to_vec(), data)
    }
}

impl Data {
    fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::F64(values) => values.len(),
        }
    }
}

/// The number of elements of a shape; `None` where the product overflows.
#[must_use]
pub fn n_elements(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1_usize, |product, axis| product.checked_mul(*axis))
}

/// A shape as it is written in messages: `16 x 8 x 8`, or `scalar`.
pub(crate) struct Axes<'a>(pub(crate) &'a [usize]);

impl fmt::Display for Axes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("scalar");
        }
        let axes: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&axes.join(" x "))
    }
}

/// A shape without its leading axes of length 1.
pub(crate) fn without_leading_ones(shape: &[usize]) -> &[usize] {
    let n = shape.iter().take_while(|axis| **axis == 1).count();
    shape.get(n..).unwrap_or_default()
}

/// Whether `shape` can be spread over `target`.
pub(crate) fn broadcasts_to(shape: &[usize], target: &[usize]) -> bool {
    without_surplus_axes(shape, target.len())
        .is_some_and(|own| broadcast_strides(own, target).is_some())
}

fn without_surplus_axes(shape: &[usize], n_axes: usize) -> Option<&[usize]> {
    let surplus = shape.len().saturating_sub(n_axes);
    let (dropped, kept) = shape.split_at_checked(surplus)?;
    dropped.iter().all(|axis| *axis == 1).then_some(kept)
}

/// How far one step along each target axis moves in the source; 0 repeats.
fn broadcast_strides(own: &[usize], target: &[usize]) -> Option<Vec<usize>> {
    let n_new = target.len().checked_sub(own.len())?;
    let mut strides = vec![0; target.len()];
    let mut stride = 1_usize;
    for (axis, length) in own.iter().enumerate().rev() {
        let wanted = *target.get(n_new + axis)?;
        if *length == wanted {
            *strides.get_mut(n_new + axis)? = stride;
        } else if *length != 1 {
            return None;
        }
        stride = stride.checked_mul(*length)?;
    }
    Some(strides)
}

fn source_position(flat: usize, shape: &[usize], strides: &[usize]) -> usize {
    let mut rest = flat;
    let mut position = 0;
    for (length, stride) in shape.iter().zip(strides).rev() {
        position += (rest % length) * stride;
        rest /= length;
    }
    position
}

fn gather<T: Copy>(values: &[T], positions: impl Iterator<Item = usize>) -> Option<Vec<T>> {
    positions.map(|position| values.get(position).copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(shape: &[usize], target: &[usize], expected: Option<&[f32]>) {
        let n = n_elements(shape).unwrap_or(0);
        #[allow(clippy::cast_precision_loss)]
        let values = (0..n).map(|value| value as f32).collect();
        let spread = Tensor::from_f32(shape, values).and_then(|tensor| tensor.broadcast_to(target));
        assert_eq!(spread.map(|tensor| tensor.to_f32()).as_deref(), expected);
        assert_eq!(broadcasts_to(shape, target), expected.is_some());
    }

    #[test]
    fn values_spread_as_numpy_spreads_them() {
        check(&[], &[3], Some(&[0.0, 0.0, 0.0]));
        check(&[2], &[2], Some(&[0.0, 1.0]));
        check(&[1, 2], &[2], Some(&[0.0, 1.0]));
        check(&[2, 1, 1], &[2, 1, 2], Some(&[0.0, 0.0, 1.0, 1.0]));
        check(&[2], &[2, 2], Some(&[0.0, 1.0, 0.0, 1.0]));
        check(&[2], &[3], None);
        check(&[2, 2], &[2], None);
    }
}
