//! All tests of the program as a whole, in one binary, so that it is linked once.

mod binary;
mod oracle;
mod support;

mod corpus;
mod oracle_agrees;
mod oracle_self;
mod reference_rows;
