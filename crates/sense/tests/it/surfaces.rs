//! Filters and representations of events against `tonic`; `tests/make_surfaces.py` made the fixture.

use std::path::Path;

use sense::Array;
use sense::event::{
    Averaged, Denoise, Event, Events, Neighbours, Refractory, Region, Size, TimeSurface,
    averaged_surfaces, downsample, histogram, voxel_grid,
};

const SIZE: Size = Size { width: 20, height: 16 };

fn fixture() -> serde_json::Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/surfaces.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn events_of(value: &serde_json::Value) -> Events {
    let column = |name: &str| {
        let values = value[name].as_array().unwrap().clone();
        values.into_iter().map(|value| value.as_i64().unwrap())
    };
    let places = column("x").zip(column("y")).zip(column("p"));
    let event = |(t_us, ((x, y), p))| Event { t_us, x: x as u16, y: y as u16, on: p == 1 };
    column("t").zip(places).map(event).collect()
}

/// The values that are not zero are these, within a tolerance, and all others are zero.
fn check(name: &str, found: &[f32], expected: &serde_json::Value, tolerance: f64) {
    let list = |name: &str| expected[name].as_array().unwrap();
    let mut dense = vec![0.0; found.len()];
    for (place, value) in list("places").iter().zip(list("values")) {
        dense[place.as_u64().unwrap() as usize] = value.as_f64().unwrap();
    }
    for (idx, (found, expected)) in found.iter().zip(dense).enumerate() {
        let distance = (f64::from(*found) - expected).abs();
        assert!(distance <= tolerance, "{name} at {idx}: {found}, expected {expected}");
    }
}

fn shape_of(expected: &serde_json::Value) -> Vec<usize> {
    let shape = expected["shape"].as_array().unwrap();
    shape.iter().map(|length| length.as_u64().unwrap() as usize).collect()
}

#[test]
fn filters_keep_what_tonics_keep() {
    let fixture = fixture();
    let events = events_of(&fixture["events"]);
    let denoised = Denoise::new(SIZE, 2_000, Neighbours::Four).unwrap().apply(&events).unwrap();
    assert_eq!(denoised, events_of(&fixture["denoise"]));
    assert!(denoised.len() > 100 && denoised.len() < events.len());
    let refractory = Refractory::new(SIZE, 10_000).unwrap().apply(&events).unwrap();
    assert_eq!(refractory, events_of(&fixture["refractory"]));
    assert!(refractory.len() < events.len());
}

#[test]
fn filters_of_a_stream_are_those_of_the_whole() {
    let events = events_of(&fixture()["events"]);
    let mut filter = Denoise::new(SIZE, 2_000, Neighbours::Eight).unwrap();
    let whole = filter.clone().apply(&events).unwrap();
    let all: Vec<Event> = events.iter().collect();
    let pieces = all.chunks(7).flat_map(|piece| {
        let piece: Events = piece.iter().copied().collect();
        filter.apply(&piece).unwrap().iter().collect::<Vec<_>>()
    });
    assert_eq!(pieces.collect::<Events>(), whole);
}

#[test]
fn arrays_are_tonics() {
    let fixture = fixture();
    let events = events_of(&fixture["events"]);
    let frames = histogram(&events, SIZE, 40_000).unwrap();
    assert_eq!(frames.shape(), shape_of(&fixture["histogram"]));
    check("histogram", frames.data(), &fixture["histogram"], 0.0);

    let voxels = voxel_grid(&events, SIZE, 7).unwrap();
    let n_shown = 6 * SIZE.n_pixels();
    check("voxels", &voxels.data()[..n_shown], &fixture["voxels"], 1e-5);

    let expected = shape_of(&fixture["surface"]);
    let mut surface = TimeSurface::new(SIZE, 30_000.0).unwrap();
    let (first, mut values) = (events.t_us()[0], Vec::new());
    for k in 0..expected[0] as i64 {
        let window = first + k * 50_000..first + (k + 1) * 50_000;
        surface.take(&events.iter().filter(|e| window.contains(&e.t_us)).collect()).unwrap();
        values.extend(surface.at(window.end).unwrap().into_data());
    }
    check("surface", &values, &fixture["surface"], 1e-6);

    let averaged = Averaged { cell: 8, radius: 2, window_us: 100_000, tau_us: 40_000.0 };
    let found = averaged_surfaces(&events, SIZE, averaged).unwrap();
    assert_eq!(found.shape(), shape_of(&fixture["averaged"]));
    check("averaged", found.data(), &fixture["averaged"], 1e-5);
}

#[test]
fn a_region_and_a_coarser_sensor_move_events() {
    let event = |t_us, x, y| Event { t_us, x, y, on: true };
    let events: Events = [event(1, 3, 4), event(2, 5, 5), event(3, 2, 9)].into_iter().collect();
    let region = Region { left: 3, top: 4, size: Size { width: 2, height: 2 } };
    assert_eq!(region.apply(&events).iter().collect::<Vec<_>>(), [event(1, 0, 0)]);
    assert_eq!(downsample(&events, 2).x(), [1, 2, 1]);
    assert_eq!(downsample(&events, 0), events);
}

#[test]
fn an_event_outside_the_sensor_is_an_error() {
    let events: Events = [Event { t_us: 0, x: 20, y: 0, on: true }].into_iter().collect();
    let told = "events[0]: expected a pixel of the sensor, found 20";
    let mut surface = TimeSurface::new(SIZE, 1.0).unwrap();
    let errors = [
        histogram(&events, SIZE, 1).unwrap_err(),
        voxel_grid(&events, SIZE, 1).unwrap_err(),
        surface.take(&events).unwrap_err(),
        Denoise::new(SIZE, 1, Neighbours::Four).unwrap().apply(&events).unwrap_err(),
        Refractory::new(SIZE, 1).unwrap().apply(&events).unwrap_err(),
    ];
    assert!(errors.iter().all(|error| error.to_string() == told), "{errors:?}");
    assert!(TimeSurface::new(Size { width: 65_535, height: 65_535 }, 1.0).is_err());
    assert!(TimeSurface::new(SIZE, f64::NAN).is_err());
}

#[test]
fn a_surface_around_an_event_stays_on_the_sensor() {
    let corner = Event { t_us: 100, x: 0, y: 0, on: true };
    let mut surface = TimeSurface::new(SIZE, 100.0).unwrap();
    surface.take(&[Event { t_us: 0, ..corner }, corner].into_iter().collect()).unwrap();
    let found: Array = surface.around(Event { t_us: 200, ..corner }, 1).unwrap();
    let decayed = (-1.0_f32).exp();
    assert_eq!(found.data(), [0.0, 0.0, 0.0, 0.0, decayed, 0.0, 0.0, 0.0, 0.0]);
}
