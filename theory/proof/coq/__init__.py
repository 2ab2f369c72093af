"""Claims as Coq files: the exporter, and the library of proofs (``*.v``) that it writes into them."""

from theory.proof.coq.compile import CoqError, compile_coq, coqc_path
from theory.proof.coq.export import coq_source, write_coq

__all__ = ["CoqError", "compile_coq", "coq_source", "coqc_path", "write_coq"]
