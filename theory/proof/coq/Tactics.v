(* Tactics for identities and inequalities between rational functions of the generation and the parameters. *)

From Coq Require Import Reals Lra Lia PeanoNat Psatz.
From Selfgen Require Import Sums Iteration.
Open Scope R_scope.

(* 0 < x and 0 <= x for sums, products, powers and quotients of what is positive. *)
Ltac positive :=
  match goal with
  | |- _ > 0 => apply Rlt_gt; positive
  | |- 0 < _ * _ => apply Rmult_lt_0_compat; positive
  | |- 0 < _ / _ => apply Rdiv_lt_0_compat; positive
  | |- 0 < _ ^ _ => apply pow_lt; positive
  | |- 0 < _ + _ => first [ apply Rplus_le_lt_0_compat; [nonnegative | positive]
                          | apply Rplus_lt_le_0_compat; [positive | nonnegative] | lra ]
  | |- _ => lra
  end
with nonnegative :=
  match goal with
  | |- 0 <= _ * _ => first [ apply Rmult_le_pos; nonnegative | lra ]
  | |- 0 <= _ / _ => apply Rmult_le_pos; [nonnegative | left; apply Rinv_0_lt_compat; positive]
  | |- 0 <= _ ^ _ => apply pow_le; nonnegative
  | |- 0 <= _ + _ => first [ apply Rplus_le_le_0_compat; nonnegative | lra ]
  | |- _ => lra
  end.

(* Every variable with a lower bound, written as that bound and something nonnegative. *)
Ltac shift :=
  repeat match goal with
  | H : ?bound <= ?x |- _ =>
      first [is_var x | lazymatch x with INR _ => idtac end];
      lazymatch goal with _ : x = bound + _ |- _ => fail | _ => idtac end;
      let above := fresh "above" in let E := fresh "E" in
      assert (exists above, above >= 0 /\ x = bound + above) as [above [? E]] by (exists (x - bound); lra)
  end;
  repeat match goal with E : ?x = _ + _ |- _ => progress rewrite E end.

(* A generation as a real number: what is at least [first] as a natural number is so as a real one. *)
Lemma INR_at_least first g : (first <= g)%nat -> IZR (Z.of_nat first) <= INR g.
Proof. intros H; rewrite <- INR_IZR_INZ; apply le_INR, H. Qed.

Ltac as_real H := let Late := fresh "Late" in pose proof (INR_at_least _ _ H) as Late; cbn in Late.

(* x <> 0, from bounds in the context. *)
Ltac nonzero :=
  repeat match goal with |- _ /\ _ => split end;
  match goal with
  | |- _ * _ <> 0 => apply Rmult_integral_contrapositive_currified; nonzero
  | |- _ ^ _ <> 0 => apply pow_nonzero; nonzero
  | |- product _ _ _ <> 0 =>
      apply product_nonzero; let i := fresh "i" in let H := fresh "H" in intros i [H _]; as_real H; nonzero
  | |- ?x <> 0 =>
      first [ assumption | lra | apply Rgt_not_eq; positive | shift; ring_simplify x; apply Rgt_not_eq; positive
            | shift; apply Rlt_not_eq, Ropp_lt_cancel; rewrite Ropp_0;
              match goal with |- 0 < ?y => ring_simplify y end; positive
            | apply Rgt_not_eq; nra | apply Rlt_not_eq; nra ]
  end.

(* An inequality by its witness: a quotient in which every sign is plain. *)
Lemma nonnegative_by witness x : x = witness -> 0 <= witness -> 0 <= x.
Proof. intros ->; trivial. Qed.

Lemma positive_by witness x : x = witness -> 0 < witness -> 0 < x.
Proof. intros ->; trivial. Qed.

Lemma at_most_by witness small large : large - small = witness -> 0 <= witness -> small <= large.
Proof. lra. Qed.

Ltac by_witness rule :=
  apply rule;
  [ rewrite ?S_INR, ?Rmult_1_r, ?Rinv_1; first [ring | field; nonzero]
  | match goal with |- 0 < _ => positive | |- _ => nonnegative end ].

(* One step of a candidate. *)
Ltac unroll :=
  cbv beta iota zeta;
  rewrite ?harmonic_S;
  repeat (rewrite sum_S by lia); cbv beta; repeat (rewrite product_S by lia); repeat (rewrite pow_next by lia);
  cbv beta; rewrite ?S_INR; cbn [pow].

(* Values at a generation that is a numeral. *)
Ltac evaluate :=
  unfold harmonic; cbn [iterate sum product Nat.leb Nat.sub pow INR]; cbv beta iota zeta.

(* Equality of states, moment by moment. *)
Ltac by_moments solve :=
  match goal with
  | |- (_, _) = (_, _) => apply f_equal2; by_moments solve
  | |- _ => solve
  end.
