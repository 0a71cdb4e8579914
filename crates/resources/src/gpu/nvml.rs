//! NVIDIA's library, which is opened while the program runs: nothing is linked, and where it is not
//! there, that is told.
//!
//! Source: NVML API Reference, "Device Queries".

use crate::error::Error;

#[cfg(not(target_os = "linux"))]
pub(super) fn absent() -> Error {
    Error::Absent { what: "NVML", reason: "it is opened on Linux alone".to_owned() }
}

#[cfg(target_os = "linux")]
pub use linux::Nvml;

#[cfg(target_os = "linux")]
mod linux {
    //! Linux.

    use nvml_wrapper::Device;
    use nvml_wrapper::enum_wrappers::device::{Clock, EccCounter, MemoryError, TemperatureSensor};
    use nvml_wrapper::error::NvmlError;

    use super::Error;
    use crate::gpu::{Gpu, MAX_GPUS, reasons};

    /// The library, open.
    pub struct Nvml(Box<nvml_wrapper::Nvml>);

    impl Nvml {
        pub(crate) fn open() -> Result<Self, Error> {
            let absent =
                |error: NvmlError| Error::Absent { what: "NVML", reason: error.to_string() };
            nvml_wrapper::Nvml::init().map(|library| Self(Box::new(library))).map_err(absent)
        }

        pub(crate) fn read(&self) -> Result<Vec<Gpu>, Error> {
            let wrong = |error: NvmlError| Error::unreadable("NVML", error);
            let n = self.0.device_count().map_err(wrong)?.min(MAX_GPUS as u32);
            (0..n).map(|index| gpu(index, &self.0.device_by_index(index).map_err(wrong)?)).collect()
        }
    }

    fn gpu(index: u32, device: &Device<'_>) -> Result<Gpu, Error> {
        let wrong = |error: NvmlError| Error::unreadable(format!("GPU {index} by NVML"), error);
        let utilization = told(device.utilization_rates()).map_err(wrong)?;
        let memory = told(device.memory_info()).map_err(wrong)?;
        let celsius = told(device.temperature(TemperatureSensor::Gpu)).map_err(wrong)?;
        let milliwatts = told(device.power_usage()).map_err(wrong)?;
        let millijoules = told(device.total_energy_consumption()).map_err(wrong)?;
        let megahertz = told(device.clock_info(Clock::SM)).map_err(wrong)?;
        let fan = told(device.fan_speed(0)).map_err(wrong)?;
        let ecc = |error| told(device.total_ecc_errors(error, EccCounter::Volatile));
        let throttle = told(device.current_throttle_reasons()).map_err(wrong)?;
        Ok(Gpu {
            index,
            uuid: device.uuid().map_err(wrong)?,
            name: device.name().map_err(wrong)?,
            utilization: utilization.as_ref().map(|used| f64::from(used.gpu) / 100.0),
            memory_utilization: utilization.as_ref().map(|used| f64::from(used.memory) / 100.0),
            memory_used_bytes: memory.as_ref().map(|memory| memory.used),
            memory_total_bytes: memory.as_ref().map(|memory| memory.total),
            temperature_celsius: celsius.map(f64::from),
            power_watts: milliwatts.map(|milliwatts| f64::from(milliwatts) / 1e3),
            energy_joules: millijoules.map(|millijoules| millijoules as f64 / 1e3),
            sm_clock_hertz: megahertz.map(|megahertz| f64::from(megahertz) * 1e6),
            fan_ratio: fan.map(|percent| f64::from(percent) / 100.0),
            ecc_errors_corrected: ecc(MemoryError::Corrected).map_err(wrong)?,
            ecc_errors_uncorrected: ecc(MemoryError::Uncorrected).map_err(wrong)?,
            throttle_reasons: throttle.map(|bits| reasons(bits.bits())).unwrap_or_default(),
        })
    }

    /// What this GPU, its driver, its mode or our rights do not tell is no error; that the GPU is
    /// gone is one.
    fn told<T>(result: Result<T, NvmlError>) -> Result<Option<T>, NvmlError> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(
                NvmlError::NotSupported
                | NvmlError::NotFound
                | NvmlError::NoPermission
                | NvmlError::InvalidArg
                | NvmlError::FunctionNotFound
                | NvmlError::FailedToLoadSymbol(_)
                | NvmlError::UnexpectedVariant(_),
            ) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
