//! What the memory alone costs, where the core has to go to records that no cache holds: the same order of visits, and nothing done but what
//! a list needs that anybody can leave. A single line from the memory can take longer than a whole input whose lines are in the cache, so
//! nanoseconds grow with the size of a pool whatever its algorithms are; this says by how much they must.

use std::collections::VecDeque;

/// No record.
const NOBODY: u32 = u32::MAX;

/// As large as the core's record of the same thing: so many lines of the cache, of which each visit writes all.
#[derive(Clone)]
#[repr(align(64))]
struct Record<const LINES: usize> {
    lines: [Line; LINES],
}

#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line {
    before: u32,
    behind: u32,
    visits: u64,
}

/// A doubly linked list through records, as the core has for those who wait and for connections that are idle.
struct List<const LINES: usize> {
    records: Vec<Record<LINES>>,
    first: u32,
    last: u32,
}

impl<const LINES: usize> List<LINES> {
    fn of(count: u32) -> Self {
        let line = Line { before: NOBODY, behind: NOBODY, visits: 0 };
        let mut list = List {
            records: vec![Record { lines: [line; LINES] }; count as usize],
            first: NOBODY,
            last: NOBODY,
        };
        (0..count).for_each(|index| list.join(index));
        list
    }

    fn head(&mut self, index: u32) -> Option<&mut Line> {
        self.records.get_mut(index as usize)?.lines.first_mut()
    }

    /// Tells how often its neighbours were visited.
    fn leave(&mut self, index: u32) -> u64 {
        let record = &mut self.records[index as usize];
        record.lines.iter_mut().for_each(|line| line.visits += 1);
        let Line { before, behind, .. } = record.lines[0];
        let mut visits = 0;
        match self.head(before) {
            Some(line) => (line.behind, visits) = (behind, line.visits),
            None => self.first = behind,
        }
        match self.head(behind) {
            Some(line) => (line.before, visits) = (before, visits + line.visits),
            None => self.last = before,
        }
        visits
    }

    fn join(&mut self, index: u32) {
        let last = std::mem::replace(&mut self.last, index);
        match self.head(last) {
            Some(line) => line.behind = index,
            None => self.first = index,
        }
        let head = &mut self.records[index as usize].lines[0];
        (head.before, head.behind) = (last, NOBODY);
    }
}

/// The next place in a queue of `len`, anywhere.
pub(crate) fn anywhere(place: usize, len: usize) -> usize {
    (place + 618_033_989) % len
}

/// Of `count` records of one line, one after the other leaves from anywhere and joins at the end: whoever calls knows who is next, so that
/// the processor can begin with the next before it has done with the last.
pub(crate) fn visits_as_told(count: u32) -> Box<dyn FnMut(u64)> {
    visits(List::<1>::of(count), |_| 0)
}

/// Of `count` records of three lines, one after the other leaves and joins: who is next follows from what was found with the last.
pub(crate) fn visits_as_found(count: u32) -> Box<dyn FnMut(u64)> {
    visits(List::<3>::of(count), |found| (found & 1) as usize)
}

fn visits<const LINES: usize>(
    mut list: List<LINES>,
    skip: impl Fn(u64) -> usize + 'static,
) -> Box<dyn FnMut(u64)> {
    let count = list.records.len() as u32;
    let mut names: VecDeque<u32> = (0..count).collect();
    let mut place = 0;
    Box::new(move |times| {
        for _ in 0..times {
            place = anywhere(place, names.len());
            let gone = names.swap_remove_back(place).expect("the list is not empty");
            let found = list.leave(gone);
            list.join(gone);
            names.push_back(gone);
            place += skip(found);
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_leaves_joins_at_the_end() {
        let mut list = List::<2>::of(4);
        list.leave(1);
        list.join(1);
        let mut order = Vec::new();
        let mut at = list.first;
        while let Some(line) = list.head(at) {
            order.push((at, line.visits));
            at = line.behind;
        }
        assert_eq!((order, list.last), (vec![(0, 0), (2, 0), (3, 0), (1, 1)], 1));
    }

    #[test]
    fn visits_can_be_repeated() {
        for mut repeat in [visits_as_told(10), visits_as_found(10)] {
            repeat(100);
            repeat(1);
        }
    }
}
