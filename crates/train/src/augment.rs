//! Images turned, scaled, sheared and shifted by chance, read between pixels bilinearly.

use crate::config::AugmentationConfig;
use crate::random::Random;

impl AugmentationConfig {
    /// Writes a varied `image` of `[channels, height, width]` to `out`; outside it is 0.
    pub(crate) fn vary(
        &self,
        image: &[f32],
        shape: [usize; 3],
        random: &mut Random,
        out: &mut [f32],
    ) {
        let [_, height, width] = shape;
        let angle = random.between(-1.0, 1.0) * self.rotation_degrees.to_radians();
        let zoom = 1.0 / (1.0 + random.between(-1.0, 1.0) * self.scale);
        let shear = random.between(-1.0, 1.0) * self.shear;
        let shift = [(); 2].map(|()| random.between(-1.0, 1.0) * self.shift_pixels);
        let (sin, cos) = angle.sin_cos();
        let (row, column) =
            ([zoom * cos, zoom * (sin + shear * cos)], [-zoom * sin, zoom * (cos - shear * sin)]);
        let centre = [(height as f32 - 1.0) / 2.0, (width as f32 - 1.0) / 2.0];
        for y in 0..height {
            for x in 0..width {
                let (dy, dx) = (y as f32 - centre[0] - shift[0], x as f32 - centre[1] - shift[1]);
                let at_y = centre[0] + row[0] * dy + row[1] * dx;
                let at_x = centre[1] + column[0] * dy + column[1] * dx;
                for (plane, out) in
                    image.chunks_exact(height * width).zip(out.chunks_exact_mut(height * width))
                {
                    out[y * width + x] = between(plane, [height, width], at_y, at_x);
                }
            }
        }
    }
}

/// The value of a plane between its pixels.
fn between(plane: &[f32], [height, width]: [usize; 2], y: f32, x: f32) -> f32 {
    if !(y > -1.0 && x > -1.0 && y < height as f32 && x < width as f32) {
        return 0.0;
    }
    let (top, left) = (y.floor(), x.floor());
    let (fy, fx) = (y - top, x - left);
    let (top, left) = (top as isize, left as isize);
    let at = |y: isize, x: isize| match (usize::try_from(y), usize::try_from(x)) {
        (Ok(y), Ok(x)) if y < height && x < width => plane[y * width + x],
        _ => 0.0,
    };
    let upper = at(top, left) * (1.0 - fx) + at(top, left + 1) * fx;
    let lower = at(top + 1, left) * (1.0 - fx) + at(top + 1, left + 1) * fx;
    upper * (1.0 - fy) + lower * fy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_asked_changes_nothing_and_a_turn_keeps_most_of_the_ink() {
        let image: Vec<f32> = (0..81).map(|k| f32::from(u8::from(k % 9 == 4 && k > 20))).collect();
        let mut out = vec![0.0; 81];
        AugmentationConfig::default().vary(&image, [1, 9, 9], &mut Random::new(1, 1), &mut out);
        assert_eq!(out, image);
        let turned = AugmentationConfig {
            shift_pixels: 1.0,
            rotation_degrees: 15.0,
            scale: 0.1,
            shear: 0.1,
        };
        turned.vary(&image, [1, 9, 9], &mut Random::new(1, 1), &mut out);
        assert_ne!(out, image);
        let (before, after) = (image.iter().sum::<f32>(), out.iter().sum::<f32>());
        assert!((after / before - 1.0).abs() < 0.35, "{before} {after}");
    }
}
