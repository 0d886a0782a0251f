//! What the examples share; each runs without an account.
//!
//! | module | what is in it |
//! |---|---|
//! | [`blog`] | a service layer as an application would write it: the code to copy |
//! | [`target`] | your project, if the environment names one, else a simulator in this process |
//! | [`program`], [`arguments`] | how a program begins and ends; what can be said on its command line |
//! | [`screen`], [`table`], [`words`] | a terminal that is redrawn in place, or plain lines; numbers and names for people |

pub mod arguments;
pub mod blog;
pub mod program;
pub mod screen;
pub mod table;
pub mod target;
pub mod words;
