//! What must hold of any network: every instruction set, any cut of a run into pieces, any number
//! of threads and either way of storing weights give the same bits.

mod closed_form;
mod invariance;
mod networks;
mod problems;
