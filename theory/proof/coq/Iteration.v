(* Recurrences: a sequence that stays at its initial value before [start] and steps from there on. *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Selfgen Require Import Sums.
Open Scope R_scope.

(* The state at generation g; [step g] leads from generation g - 1 to g. *)
Fixpoint iterate {State : Type} (start : nat) (initial : State) (step : nat -> State -> State) (g : nat) : State :=
  match g with
  | O => initial
  | S before => if start <=? S before then step (S before) (iterate start initial step before) else initial
  end.

Lemma iterate_S {State : Type} start (initial : State) step g :
  (start <= S g)%nat -> iterate start initial step (S g) = step (S g) (iterate start initial step g).
Proof. intros H; cbn [iterate]; now rewrite (proj2 (Nat.leb_le _ _) H). Qed.

Lemma iterate_before {State : Type} start (initial : State) step g :
  (g < start)%nat -> iterate start initial step g = initial.
Proof. destruct g; [reflexivity|]; intros H; cbn [iterate]; now rewrite (proj2 (Nat.leb_gt _ _) H). Qed.

(* A recurrence determines its sequence: whatever starts and steps alike is it. *)
Theorem iterate_unique {State : Type} (first : nat) (initial : State) step (candidate : nat -> State) :
  candidate first = initial ->
  (forall g, (first <= g)%nat -> candidate (S g) = step (S g) (candidate g)) ->
  forall G, (first <= G)%nat -> iterate (S first) initial step G = candidate G.
Proof.
  intros Base Step G H; induction H as [|G H IH].
  - rewrite iterate_before by lia; auto.
  - rewrite iterate_S, IH by lia; symmetry; auto.
Qed.

(* What holds of the first state and survives every step holds for ever. *)
Theorem iterate_invariant {State : Type} (Holds : nat -> State -> Prop) (first : nat) (initial : State) step :
  Holds first initial ->
  (forall g state, (first <= g)%nat -> Holds g state -> Holds (S g) (step (S g) state)) ->
  forall G, (first <= G)%nat -> Holds G (iterate (S first) initial step G).
Proof.
  intros Base Step G H; induction H as [|G H IH].
  - rewrite iterate_before by lia; auto.
  - rewrite iterate_S by lia; auto.
Qed.

(* The linear recurrence m_g = factor_g m_{g-1} + inflow_g. *)
Definition linear (start : nat) (initial : R) (factor inflow : nat -> R) (G : nat) : R :=
  iterate start initial (fun g moment => factor g * moment + inflow g) G.

Lemma linear_S start initial factor inflow g : (start <= S g)%nat ->
  linear start initial factor inflow (S g) = factor (S g) * linear start initial factor inflow g + inflow (S g).
Proof. apply (@iterate_S R). Qed.

Section Comparison.
Variable first : nat.

(* Smaller factors and inflows make smaller moments. *)
Theorem linear_le (small large : nat -> R) (p f q h : nat -> R) :
  (forall g, (first <= g)%nat -> small (S g) = p (S g) * small g + f (S g)) ->
  (forall g, (first <= g)%nat -> large (S g) = q (S g) * large g + h (S g)) ->
  0 <= small first <= large first ->
  (forall g, (first <= g)%nat -> 0 <= p (S g) <= q (S g)) ->
  (forall g, (first <= g)%nat -> 0 <= f (S g) <= h (S g)) ->
  forall G, (first <= G)%nat -> 0 <= small G <= large G.
Proof.
  intros Small Large Base Factor Inflow G H; induction H as [|G H IH]; [exact Base|].
  rewrite Small, Large by assumption.
  pose proof (Factor G H); pose proof (Inflow G H). split.
  - apply Rplus_le_le_0_compat; [apply Rmult_le_pos|]; lra.
  - apply Rplus_le_compat; [apply Rmult_le_compat|]; lra.
Qed.

(* Noise that feeds on the risk: m_g = m_{g-1} + gain_g (base + curvature m_{g-1}), curvature of either sign.
   Smaller gains make smaller moments, as long as no step overshoots: 0 <= 1 + curvature gain. *)
Theorem noise_le (base curvature : R) (small large : nat -> R) (a b : nat -> R) :
  (forall g, (first <= g)%nat -> small (S g) = small g + a (S g) * (base + curvature * small g)) ->
  (forall g, (first <= g)%nat -> large (S g) = large g + b (S g) * (base + curvature * large g)) ->
  0 <= small first <= large first -> 0 <= base + curvature * small first ->
  (forall g, (first <= g)%nat -> 0 <= a (S g) <= b (S g)) ->
  (forall g, (first <= g)%nat -> 0 <= 1 + curvature * a (S g)) ->
  (forall g, (first <= g)%nat -> 0 <= 1 + curvature * b (S g)) ->
  forall G, (first <= G)%nat -> small G <= large G.
Proof.
  intros Small Large Base Noise Gain A B.
  enough (forall G, (first <= G)%nat -> small G <= large G /\ 0 <= base + curvature * small G) as K
    by (intros G H; apply (K G H)).
  intros G H; induction H as [|G H [Order Positive]]; [lra|].
  rewrite Small, Large by assumption.
  pose proof (Gain G H); pose proof (A G H); pose proof (B G H). split.
  - apply Rle_trans with (small G + b (S G) * (base + curvature * small G)).
    + apply Rplus_le_compat_l, Rmult_le_compat_r; lra.
    + replace (small G + b (S G) * (base + curvature * small G))
        with (b (S G) * base + small G * (1 + curvature * b (S G))) by ring.
      replace (large G + b (S G) * (base + curvature * large G))
        with (b (S G) * base + large G * (1 + curvature * b (S G))) by ring.
      apply Rplus_le_compat_l, Rmult_le_compat_r; lra.
  - replace (base + curvature * (small G + a (S G) * (base + curvature * small G)))
      with ((base + curvature * small G) * (1 + curvature * a (S G))) by ring.
    apply Rmult_le_pos; lra.
Qed.

End Comparison.

(* Solutions of the linear recurrence: a plain sum, a product about a fixed point, variation of constants. *)

Theorem linear_sum first initial inflow G : (first <= G)%nat ->
  linear (S first) initial (fun _ => 1) inflow G = initial + sum (S first) inflow G.
Proof.
  apply (iterate_unique first initial (fun g moment => 1 * moment + inflow g)
           (fun g => initial + sum (S first) inflow g)).
  - rewrite sum_empty by lia; ring.
  - intros g H; rewrite sum_S by lia; ring.
Qed.

Theorem linear_fixed_point first initial factor inflow point G :
  (forall g, (first <= g)%nat -> factor (S g) * point + inflow (S g) = point) -> (first <= G)%nat ->
  linear (S first) initial factor inflow G = point + (initial - point) * product (S first) factor G.
Proof.
  intros Fixed.
  apply (iterate_unique first initial (fun g moment => factor g * moment + inflow g)
           (fun g => point + (initial - point) * product (S first) factor g)).
  - rewrite product_empty by lia; ring.
  - intros g H; rewrite product_S by lia. pose proof (Fixed g H) as E.
    replace (inflow (S g)) with (point - factor (S g) * point) by lra; ring.
Qed.

Theorem linear_variation first initial factor inflow G :
  (forall g, (first <= g)%nat -> factor (S g) <> 0) -> (first <= G)%nat ->
  linear (S first) initial factor inflow G
  = product (S first) factor G * (initial + sum (S first) (fun i => inflow i / product (S first) factor i) G).
Proof.
  intros Nonzero.
  apply (iterate_unique first initial (fun g moment => factor g * moment + inflow g)
    (fun g => product (S first) factor g * (initial + sum (S first) (fun i => inflow i / product (S first) factor i) g))).
  - rewrite product_empty, sum_empty by lia; ring.
  - intros g H; rewrite sum_S, product_S by lia.
    assert (product (S first) factor g <> 0).
    { apply product_nonzero; intros i Hi; destruct i as [|i]; [lia|]; apply Nonzero; lia. }
    assert (factor (S g) <> 0) by auto.
    field; split; assumption.
Qed.

(* Whatever grows by at most c/g^2 stays below c H_G^(2). *)
Theorem below_harmonic first (moment factor inflow : nat -> R) c :
  (forall g, (first <= g)%nat -> moment (S g) = factor (S g) * moment g + inflow (S g)) ->
  0 <= moment first <= c * harmonic 2 first ->
  (forall g, (first <= g)%nat -> 0 <= factor (S g) <= 1) ->
  (forall g, (first <= g)%nat -> 0 <= inflow (S g) <= c * / INR (S g) ^ 2) ->
  forall G, (first <= G)%nat -> 0 <= moment G <= c * harmonic 2 G.
Proof.
  intros Step Base Factor Inflow G H; induction H as [|G H IH]; [exact Base|].
  rewrite Step, harmonic_S by assumption.
  pose proof (Factor G H); pose proof (Inflow G H). split.
  - apply Rplus_le_le_0_compat; [apply Rmult_le_pos|]; lra.
  - rewrite Rmult_plus_distr_l. apply Rplus_le_compat; [|lra].
    apply Rle_trans with (1 * moment G); [apply Rmult_le_compat_r|]; lra.
Qed.
