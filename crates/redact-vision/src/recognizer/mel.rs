//! The input of a Whisper model: the logarithm of the sound's energy in 80 bands.
//!
//! Source of all constants: `log_mel_spectrogram` in `whisper/audio.py` of openai-whisper 20250625;
//! the bands are those of `librosa.filters.mel` (Slaney's scale and norm), which its
//! `mel_filters.npz` holds.

use std::f32::consts::TAU;
use std::sync::Arc;

use realfft::{RealFftPlanner, RealToComplex};

/// Samples per second.
pub(super) const RATE_HZ: u32 = 16_000;
/// Samples of the longest sound.
pub(super) const SAMPLES_MAX: usize = 30 * RATE_HZ as usize;
/// Number of bands.
pub(super) const BANDS: usize = 80;
/// Frames of the longest sound, to which every sound is padded with silence.
pub(super) const FRAMES: usize = SAMPLES_MAX / HOP;
/// Samples from one frame to the next.
const HOP: usize = 160;
/// Samples of a frame.
const WINDOW: usize = 400;
/// Frequencies of a frame.
const BINS: usize = WINDOW / 2 + 1;
/// The least energy, and how many powers of ten below the highest one the lowest is.
const ENERGY_MIN: f32 = 1e-10;
const RANGE: f32 = 8.0;

/// Slaney's scale is linear up to this frequency, with this many hertz per mel, and logarithmic
/// above, with a factor of 6.4 in 27 mels.
const LINEAR_TO_HZ: f64 = 1000.0;
const HZ_PER_MEL: f64 = 200.0 / 3.0;
const FACTOR: f64 = 6.4;
const FACTOR_MELS: f64 = 27.0;

/// Computes the input of the model.
pub(super) struct MelSpectrum {
    fft: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    bands: Vec<Band>,
}

/// A band: the first frequency in it, and the weights from there on.
#[derive(Clone, Debug)]
struct Band {
    first: usize,
    weights: Vec<f32>,
}

impl MelSpectrum {
    pub(super) fn new() -> Self {
        // A periodic Hann window.
        let angle = |at: usize| at as f32 / WINDOW as f32 * TAU;
        Self {
            fft: RealFftPlanner::new().plan_fft_forward(WINDOW),
            window: (0..WINDOW).map(|at| 0.5 - 0.5 * angle(at).cos()).collect(),
            bands: bands(),
        }
    }

    /// The spectrum of up to [`SAMPLES_MAX`] samples: [`BANDS`] rows of [`FRAMES`] values.
    pub(super) fn of(&self, samples: &[f32]) -> Vec<f32> {
        assert!(samples.len() <= SAMPLES_MAX, "callers check the length");
        let padded = padded(samples);
        let mut frame = self.fft.make_input_vec();
        let mut spectrum = self.fft.make_output_vec();
        let mut scratch = self.fft.make_scratch_vec();
        let mut energies = [0.0_f32; BINS];
        let mut out = vec![ENERGY_MIN.log10(); BANDS * FRAMES];
        // Frames after the sound and its mirrored end have no energy.
        let sounding = (samples.len() + WINDOW).div_ceil(HOP).min(FRAMES);
        for at in 0..sounding {
            let samples = &padded[at * HOP..at * HOP + WINDOW];
            for ((to, sample), weight) in frame.iter_mut().zip(samples).zip(&self.window) {
                *to = sample * weight;
            }
            self.fft
                .process_with_scratch(&mut frame, &mut spectrum, &mut scratch)
                .expect("the buffers were made for this transform");
            for (energy, value) in energies.iter_mut().zip(&spectrum) {
                *energy = value.norm_sqr();
            }
            for (row, band) in self.bands.iter().enumerate() {
                let energies = &energies[band.first..];
                let energy: f32 = band.weights.iter().zip(energies).map(|(w, e)| w * e).sum();
                out[row * FRAMES + at] = energy.max(ENERGY_MIN).log10();
            }
        }
        let highest = out.iter().copied().fold(f32::MIN, f32::max);
        for value in &mut out {
            *value = (value.max(highest - RANGE) + 4.0) / 4.0;
        }
        out
    }
}

/// The samples, silence up to [`SAMPLES_MAX`], and half a window at both ends that mirrors what is
/// beside it.
fn padded(samples: &[f32]) -> Vec<f32> {
    let half = WINDOW / 2;
    let mut out = vec![0.0; SAMPLES_MAX + WINDOW];
    out[half..half + samples.len()].copy_from_slice(samples);
    let end = half + SAMPLES_MAX - 1;
    for distance in 1..=half {
        out[half - distance] = out[half + distance];
        out[end + distance] = out[end - distance];
    }
    out
}

fn hz(mel: f64) -> f64 {
    let linear = LINEAR_TO_HZ / HZ_PER_MEL;
    if mel < linear {
        mel * HZ_PER_MEL
    } else {
        LINEAR_TO_HZ * FACTOR.powf((mel - linear) / FACTOR_MELS)
    }
}

fn mel(hz: f64) -> f64 {
    if hz < LINEAR_TO_HZ {
        hz / HZ_PER_MEL
    } else {
        LINEAR_TO_HZ / HZ_PER_MEL + (hz / LINEAR_TO_HZ).ln() / FACTOR.ln() * FACTOR_MELS
    }
}

/// Triangles over frequency whose corners are equally far apart in mel; each has an area
/// of one.
#[expect(
    clippy::cast_possible_truncation,
    reason = "weights are stored as they are used"
)]
fn bands() -> Vec<Band> {
    let rate = f64::from(RATE_HZ);
    let top = mel(rate / 2.0);
    let corner = |at: usize| hz(top * at as f64 / (BANDS + 1) as f64);
    let frequency = |bin: usize| bin as f64 * rate / WINDOW as f64;
    let band = |at: usize| {
        let [low, center, high] = [corner(at), corner(at + 1), corner(at + 2)];
        let weight = |bin: usize| {
            let up = (frequency(bin) - low) / (center - low);
            let down = (high - frequency(bin)) / (high - center);
            (up.min(down).max(0.0) * 2.0 / (high - low)) as f32
        };
        let inside: Vec<usize> = (0..BINS).filter(|bin| weight(*bin) > 0.0).collect();
        Band {
            first: inside.first().copied().unwrap_or(0),
            weights: inside.into_iter().map(weight).collect(),
        }
    };
    (0..BANDS).map(band).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: the bands are those that the model was trained with.
    /// Method: values of `mel_80` in `mel_filters.npz` of openai-whisper 20250625.
    #[test]
    fn bands_are_those_of_the_model() {
        let bands = bands();
        let value = |row: usize, bin: usize| {
            let band: &Band = &bands[row];
            let at = bin.checked_sub(band.first);
            at.and_then(|at| band.weights.get(at))
                .copied()
                .unwrap_or(0.0)
        };
        for (row, bin, expected) in KNOWN {
            let found = value(row, bin);
            assert!((found - expected).abs() < 1e-7, "{row} {bin}: {found}");
        }
        let sum: f32 = bands.iter().flat_map(|band| &band.weights).sum();
        assert!((sum - KNOWN_SUM).abs() < 1e-4, "{sum}");
    }

    /// Goal: the spectrum agrees with the authors' code.
    /// Method: a rising tone of 2 s; values of `log_mel_spectrogram` of the same samples.
    #[test]
    #[expect(clippy::cast_possible_truncation, reason = "samples are f32")]
    fn the_spectrum_is_that_of_the_authors() {
        let samples: Vec<f32> = (0..2 * RATE_HZ)
            .map(|at| {
                let seconds = f64::from(at) / f64::from(RATE_HZ);
                let turns = ((200.0 + 600.0 * seconds) * seconds).fract();
                ((turns * std::f64::consts::TAU).sin() * 0.3) as f32
            })
            .collect();
        let found = MelSpectrum::new().of(&samples);
        assert_eq!(found.len(), BANDS * FRAMES);
        for (row, frame, expected) in KNOWN_SPECTRUM {
            let value = found[row * FRAMES + frame];
            assert!((value - expected).abs() < 2e-3, "{row} {frame}: {value}");
        }
    }

    #[test]
    fn silence_and_no_sound_are_the_same() {
        let mel = MelSpectrum::new();
        let nothing = mel.of(&[]);
        assert!(nothing.iter().all(|value| (value - -1.5).abs() < 1e-6));
        assert_eq!(nothing, mel.of(&vec![0.0; SAMPLES_MAX]));
    }

    #[test]
    fn the_longest_sound_sounds_to_its_end() {
        let loud: Vec<f32> = (0..SAMPLES_MAX).map(|at| (at as f32 * 0.3).sin()).collect();
        let found = MelSpectrum::new().of(&loud);
        assert!((0..FRAMES).all(|at| found[15 * FRAMES + at] > -1.0));
    }

    const KNOWN: [(usize, usize, f32); 8] = [
        (0, 1, 0.024862595),
        (0, 3, 0.000000000),
        (10, 10, 0.019908218),
        (25, 25, 0.004040426),
        (40, 43, 0.014735566),
        (60, 93, 0.006591093),
        (79, 192, 0.003164712),
        (79, 100, 0.000000000),
    ];
    const KNOWN_SUM: f32 = 1.9990242;
    const KNOWN_SPECTRUM: [(usize, usize, f32); 8] = [
        (5, 0, 1.167476),
        (10, 20, 1.237969),
        (15, 60, -0.659289),
        (30, 100, -0.339649),
        (50, 150, -0.659289),
        (40, 199, -0.057547),
        (40, 202, -0.659289),
        (70, 1000, -0.659289),
    ];
}
