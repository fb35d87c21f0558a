//! Allowances: leaky buckets for requests and for points, one pair for each user.

/// The length of the period that the allowances are counted for, in ms.
const HOUR: f64 = 3_600_000.0;

/// What one user may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests in an hour.
    pub requests_per_hour: u64,
    /// Points in an hour.
    pub points_per_hour: u64,
    /// Points of one request.
    pub points_per_request: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_per_hour: 2_500,
            points_per_hour: 3_000_000,
            points_per_request: 10_000,
        }
    }
}

/// One allowance at one moment.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    /// `request` or `complexity`.
    pub(crate) name: &'static str,
    pub(crate) allowed: u64,
    pub(crate) remaining: u64,
    pub(crate) requested: u64,
    /// When the bucket will be full again.
    pub(crate) reset_at: u64,
}

/// The buckets of one user.
#[derive(Debug, Clone)]
pub(crate) struct Buckets {
    requests: Bucket,
    points: Bucket,
}

impl Buckets {
    pub(crate) fn full(limits: Limits, now: u64) -> Self {
        Self {
            requests: Bucket::full(limits.requests_per_hour, now),
            points: Bucket::full(limits.points_per_hour, now),
        }
    }

    /// Charges one request; `false`, and nothing charged, when an allowance does not suffice.
    pub(crate) fn charge(&mut self, points: u32, now: u64) -> bool {
        self.requests.refill(now);
        self.points.refill(now);
        let points = f64::from(points);
        if self.requests.level < 1.0 || self.points.level < points {
            return false;
        }
        self.requests.level -= 1.0;
        self.points.level -= points;
        true
    }

    pub(crate) fn budgets(&self, points: u32) -> [Budget; 2] {
        [
            self.requests.budget("request", 1),
            self.points.budget("complexity", u64::from(points)),
        ]
    }
}

#[derive(Debug, Clone)]
struct Bucket {
    size: f64,
    level: f64,
    at: u64,
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "allowances and spans of hours are exact in a float and never negative"
)]
impl Bucket {
    fn full(size: u64, now: u64) -> Self {
        Self {
            size: size as f64,
            level: size as f64,
            at: now,
        }
    }

    fn refill(&mut self, now: u64) {
        self.level =
            (self.level + now.saturating_sub(self.at) as f64 * self.size / HOUR).min(self.size);
        self.at = self.at.max(now);
    }

    fn budget(&self, name: &'static str, requested: u64) -> Budget {
        let wait = if self.size > 0.0 {
            (self.size - self.level) * HOUR / self.size
        } else {
            HOUR
        };
        Budget {
            name,
            allowed: self.size as u64,
            remaining: self.level as u64,
            requested,
            reset_at: self.at + wait.ceil() as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_refills_at_a_constant_rate() {
        let limits = Limits {
            requests_per_hour: 3_600,
            points_per_hour: 100,
            points_per_request: 10,
        };
        let mut buckets = Buckets::full(limits, 0);
        (0..3_600).for_each(|_| assert!(buckets.charge(0, 0)));
        assert!(!buckets.charge(0, 999));
        assert!(buckets.charge(0, 1_000));
        assert!(!buckets.charge(0, 1_000));
        assert_eq!(buckets.budgets(0)[0].remaining, 0);
        assert_eq!(buckets.budgets(0)[0].reset_at, 3_601_000);
    }
}
