//! Figures of many runs: mean, deviation, and the interval of a failure rate.

use serde::{Deserialize, Serialize};

/// Mean and deviation of a stream of numbers, by Welford's method: one pass, without
/// loss of precision when the numbers are large and close together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub(crate) struct Moments {
    count: u64,
    mean: f64,
    /// The sum of the squared distances from the mean.
    squares: f64,
}

/// The form of moments in a file: figures that readers know.
#[derive(Serialize, Deserialize)]
struct Stored {
    count: u64,
    mean: f64,
    std: f64,
}

impl From<Stored> for Moments {
    fn from(Stored { count, mean, std }: Stored) -> Self {
        match count {
            // Without numbers mean and deviation have no meaning.
            0 => Moments::default(),
            _ => Moments { count, mean, squares: std * std * count as f64 },
        }
    }
}

impl From<Moments> for Stored {
    fn from(moments: Moments) -> Self {
        Stored { count: moments.count, mean: moments.mean, std: moments.deviation() }
    }
}

impl Moments {
    /// Adds a number.
    pub(crate) fn add(&mut self, value: f64) {
        self.count += 1;
        let distance = value - self.mean;
        self.mean += distance / self.count as f64;
        self.squares += distance * (value - self.mean);
    }

    /// Adds all numbers of another stream.
    pub(crate) fn merge(&mut self, other: &Moments) {
        if other.count == 0 {
            return;
        }
        let (ours, theirs) = (self.count as f64, other.count as f64);
        let distance = other.mean - self.mean;
        self.count += other.count;
        self.mean += distance * theirs / (ours + theirs);
        self.squares += other.squares + distance * distance * ours * theirs / (ours + theirs);
    }

    /// Returns how many numbers were added.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Returns their mean; 0 without numbers.
    pub(crate) fn mean(&self) -> f64 {
        self.mean
    }

    /// Returns their sum.
    pub(crate) fn sum(&self) -> f64 {
        self.mean * self.count as f64
    }

    /// Returns the deviation of the population: the squares divided by the count.
    pub(crate) fn deviation(&self) -> f64 {
        if self.count == 0 { 0.0 } else { (self.squares / self.count as f64).sqrt() }
    }
}

/// Returns the 95 % interval for the true failure rate, by Wilson's formula. Unlike
/// the textbook's mean ± 2 deviations it is useful without any failure: 0 of 1000
/// still allows a rate of 0.4 %.
pub(crate) fn wilson(failures: u64, runs: u64) -> (f64, f64) {
    /// 97.5 % of the normal distribution lie below this.
    const Z: f64 = 1.959_963_984_540_054;
    assert!(failures <= runs, "{failures} failures in {runs} runs");
    if runs == 0 {
        return (0.0, 1.0);
    }
    let n = runs as f64;
    let rate = failures as f64 / n;
    let shrink = 1.0 + Z * Z / n;
    let centre = (rate + Z * Z / (2.0 * n)) / shrink;
    let spread = Z * (rate * (1.0 - rate) / n + Z * Z / (4.0 * n * n)).sqrt() / shrink;
    // At the ends rounding would give 1e-19 instead of 0.
    let low = if failures == 0 { 0.0 } else { centre - spread };
    let high = if failures == runs { 1.0 } else { centre + spread };
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(values: &[f64]) -> Moments {
        let mut moments = Moments::default();
        values.iter().for_each(|&value| moments.add(value));
        moments
    }

    fn near(one: f64, other: f64) -> bool {
        (one - other).abs() < 1e-9
    }

    #[test]
    fn the_deviation_is_that_of_the_population() {
        let all = moments(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]);
        assert!(near(all.mean(), 5.0) && near(all.deviation(), 2.0) && near(all.sum(), 40.0));
        assert_eq!(moments(&[]).deviation(), 0.0);
    }

    #[test]
    fn merged_parts_equal_the_whole() {
        let mut merged = moments(&[2.0, 4.0, 4.0]);
        merged.merge(&moments(&[]));
        merged.merge(&moments(&[4.0, 5.0, 5.0, 7.0, 9.0]));
        assert_eq!(merged.count(), 8);
        assert!(near(merged.mean(), 5.0) && near(merged.deviation(), 2.0));
    }

    #[test]
    fn a_file_keeps_mean_and_deviation() {
        let text = serde_json::to_string(&moments(&[1.0, 3.0])).unwrap();
        assert_eq!(text, r#"{"count":2,"mean":2.0,"std":1.0}"#);
        assert_eq!(serde_json::from_str::<Moments>(&text).unwrap(), moments(&[1.0, 3.0]));
    }

    #[test]
    fn wilson_interval_matches_known_values() {
        let (low, high) = wilson(0, 1000);
        assert!(low == 0.0 && (high - 0.003_827).abs() < 1e-5, "{low} {high}");
        let (low, high) = wilson(5, 10);
        assert!((low - 0.2366).abs() < 1e-4 && (high - 0.7634).abs() < 1e-4, "{low} {high}");
        assert_eq!(wilson(3, 3).1, 1.0);
        assert_eq!(wilson(0, 0), (0.0, 1.0));
    }
}
