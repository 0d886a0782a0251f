//! Rounds in, one figure out: the median, and from where to where the rounds went.

/// A figure over several rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    /// The middle one.
    pub median: f64,
    /// The least.
    pub least: f64,
    /// The most.
    pub most: f64,
}

impl Figure {
    /// Of the rounds' values; `None` of none.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Figure> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (least, most) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median = match values.len() % 2 {
            0 => values[middle - 1].midpoint(values[middle]),
            _ => values[middle],
        };
        Some(Figure { median, least, most })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_both_ends() {
        assert_eq!(Figure::of([3.0, 9.0, 1.0]), Some(Figure { median: 3.0, least: 1.0, most: 9.0 }));
        assert_eq!(Figure::of([4.0, 2.0]).map(|figure| figure.median), Some(3.0));
        assert_eq!(Figure::of([]), None);
    }
}
