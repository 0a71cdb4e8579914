//! The attributes of a node, by name, with ONNX's defaults.

use super::proto;

/// The largest stride, padding, dilation, kernel or number of groups.
const MAX_GEOMETRY: i64 = 1 << 16;

/// Looks up a node's attributes.
#[derive(Clone, Copy)]
pub(super) struct Attributes<'a>(pub(super) &'a proto::Node);

impl<'a> Attributes<'a> {
    pub(super) fn get(self, name: &str) -> Option<&'a proto::Attribute> {
        self.0.attribute.iter().find(|attribute| attribute.name == name)
    }

    pub(super) fn int(self, name: &str, default: i64) -> i64 {
        self.get(name).map_or(default, |attribute| attribute.i)
    }

    pub(super) fn float(self, name: &str, default: f32) -> f32 {
        self.get(name).map_or(default, |attribute| attribute.f)
    }

    pub(super) fn text(self, name: &str) -> &'a [u8] {
        self.get(name).map_or(b"", |attribute| &attribute.s)
    }

    /// A length at least `least`, for each of the two axes.
    pub(super) fn pair(self, name: &str, default: usize, least: i64) -> Result<[usize; 2], String> {
        let Some(attribute) = self.get(name) else { return Ok([default; 2]) };
        let fits = |v: i64| (least..=MAX_GEOMETRY).contains(&v);
        match *attribute.ints.as_slice() {
            [a, b] if fits(a) && fits(b) => Ok([a as usize, b as usize]),
            ref found => Err(format!(
                "{name} is {found:?}, expected 2 numbers from {least} to {MAX_GEOMETRY} (2-d only)"
            )),
        }
    }

    /// Zeros around the input, the same on both sides of an axis: all that NIR can say.
    pub(super) fn padding(
        self,
        kernel: [usize; 2],
        dilation: [usize; 2],
    ) -> Result<[usize; 2], String> {
        let fits = |v: i64| (0..=MAX_GEOMETRY).contains(&v);
        match self.text("auto_pad") {
            b"" | b"NOTSET" => {}
            b"VALID" => return Ok([0; 2]),
            other => return self.same(other, kernel, dilation),
        }
        match self.get("pads").map(|attribute| attribute.ints.as_slice()) {
            None => Ok([0; 2]),
            Some(&[top, left, bottom, right])
                if top == bottom && left == right && fits(top) && fits(left) =>
            {
                Ok([top as usize, left as usize])
            }
            Some(found) => Err(format!(
                "pads are {found:?}, expected [top, left, bottom, right], equal on both sides of an axis"
            )),
        }
    }

    /// `SAME_UPPER` and `SAME_LOWER` are symmetric for odd kernels at stride 1.
    fn same(
        self,
        named: &[u8],
        kernel: [usize; 2],
        dilation: [usize; 2],
    ) -> Result<[usize; 2], String> {
        let reach = [0, 1].map(|axis| dilation[axis] * (kernel[axis] - 1));
        let known = matches!(named, b"SAME_UPPER" | b"SAME_LOWER");
        if known && self.pair("strides", 1, 1)? == [1, 1] && reach.iter().all(|r| r % 2 == 0) {
            return Ok(reach.map(|r| r / 2));
        }
        let named = String::from_utf8_lossy(named);
        Err(format!("auto_pad is {named}, expected pads that are equal on both sides of an axis"))
    }
}
