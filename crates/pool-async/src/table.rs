//! What belongs to connections, tickets or endpoints, by the index of their ids.
//!
//! Rules kept here: a table is as long as the largest index there was, and never shrinks; it grows by a quarter, since a pool grows
//! seldom and keeps what it once took.

pub(crate) struct Table<T> {
    places: Vec<Option<T>>,
}

impl<T> Table<T> {
    pub(crate) const fn new() -> Self {
        Table { places: Vec::new() }
    }

    /// What is there.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<&T> {
        self.places.get(index)?.as_ref()
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        self.places.get_mut(index)?.as_mut()
    }

    /// Takes what is there.
    #[inline]
    pub(crate) fn take(&mut self, index: usize) -> Option<T> {
        let place = self.places.get_mut(index)?;
        // Nothing is written where nothing is.
        if place.is_none() { None } else { place.take() }
    }

    /// Takes what is there, if it is what `wanted` says.
    pub(crate) fn take_if(&mut self, index: usize, wanted: impl FnOnce(&mut T) -> bool) -> Option<T> {
        self.places.get_mut(index)?.take_if(wanted)
    }

    /// The place, which is made if there was none.
    #[inline]
    pub(crate) fn place(&mut self, index: usize) -> &mut Option<T> {
        if self.places.len() <= index {
            self.grow(index + 1);
        }
        &mut self.places[index]
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, len: usize) {
        if self.places.capacity() < len {
            self.places.reserve_exact((len + len / 4).max(8) - self.places.len());
        }
        self.places.resize_with(len, || None);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.places.iter().flatten()
    }

    /// Takes everything.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = T> + '_ {
        self.places.drain(..).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_room_for_a_quarter_more_than_it_needs_and_no_more() {
        let mut table = Table::new();
        for index in 0..10_000 {
            *table.place(index) = Some(index);
            let (len, room) = (table.places.len(), table.places.capacity());
            assert_eq!(len, index + 1);
            assert!(room <= (len + len / 4).max(8), "room for {room}, where {len} is needed");
        }
    }

    #[test]
    fn a_table_grows_when_it_is_full_and_not_before() {
        let mut table = Table::new();
        for (index, room) in [(0, 8), (7, 8), (8, 11), (10, 11)] {
            *table.place(index) = Some(index);
            assert_eq!((table.get(index), table.places.capacity()), (Some(&index), room));
        }
    }

    #[test]
    fn what_is_put_in_a_place_is_there_until_it_is_taken() {
        let mut table = Table::new();
        assert_eq!(table.get(3), None);
        assert_eq!(table.take(3), None);
        *table.place(3) = Some('d');
        *table.place(0) = Some('a');
        assert_eq!((table.get(0), table.get(1)), (Some(&'a'), None));
        assert_eq!(table.get_mut(3), Some(&mut 'd'));
        assert_eq!(table.take_if(3, |what| *what == 'x'), None);
        assert_eq!(table.take_if(3, |what| *what == 'd'), Some('d'));
        assert_eq!(table.iter().collect::<String>(), "a");
        assert_eq!(table.take(3), None);
        assert_eq!(table.drain().collect::<String>(), "a");
        assert_eq!(table.get(0), None);
    }
}
