(* Families with variance function V(mu) = v0 + v1 mu + v2 mu^2, exactly, at every sample size n.

   V0 is the variance at the truth. A block of n samples from model j - 1 has noise (V0 + v2 r_{j-1})/n, where r
   is the risk, so the risk of any workflow is r_g = sum_j C_{g,j}^2 (V0 + v2 r_{j-1})/n. *)

From Coq Require Import Reals Lra Lia PeanoNat Psatz.
From Selfgen Require Import Sums Iteration Basel Pathway.
Open Scope R_scope.

Section Family.
Variables (V0 v2 n : R).
Hypothesis n_positive : 0 < n.

Definition is_risk (w : nat -> nat -> R) (r : nat -> R) : Prop :=
  r O = 0 /\
  forall g, (1 <= g)%nat -> r g = sum 1 (fun j => coefficient w g j ^ 2 * ((V0 + v2 * r (j - 1)%nat) / n)) g.

Lemma accumulate_step r g : is_risk pooled r -> r (S g) = r g + / (n * INR (S g) ^ 2) * (V0 + v2 * r g).
Proof.
  intros [Start Step].
  assert (forall k, r k = sum 1 (fun j => (/ INR j) ^ 2 * ((V0 + v2 * r (j - 1)%nat) / n)) k) as Known.
  { intros [|k]; [exact Start|]. rewrite Step by lia. apply sum_ext; intros j Hj.
    now rewrite pooled_coefficient by lia. }
  rewrite (Known (S g)), sum_S, <- Known by lia. replace (S g - 1)%nat with g by lia.
  assert (0 < INR (S g)) by (apply lt_0_INR; lia). field. lra.
Qed.

Lemma replace_step r g : is_risk latest r -> r (S g) = r g + / n * (V0 + v2 * r g).
Proof.
  intros [Start Step].
  assert (forall k, r k = sum 1 (fun j => (V0 + v2 * r (j - 1)%nat) / n) k) as Known.
  { intros [|k]; [exact Start|]. rewrite Step by lia. apply sum_ext; intros j Hj.
    rewrite latest_coefficient by lia; ring. }
  rewrite (Known (S g)), sum_S, <- Known by lia. replace (S g - 1)%nat with g by lia. field. lra.
Qed.

Theorem accumulate_risk r G : v2 <> 0 -> is_risk pooled r ->
  r G = V0 / v2 * (product 1 (fun i => 1 + v2 / (n * INR i ^ 2)) G - 1).
Proof.
  intros Curved Risk. induction G as [|G IH].
  - rewrite (proj1 Risk); cbn; field; exact Curved.
  - rewrite accumulate_step, IH, product_S by (lia || assumption).
    assert (0 < INR (S G)) by (apply lt_0_INR; lia). field. lra.
Qed.

Theorem replace_risk r G : v2 <> 0 -> is_risk latest r -> r G = V0 / v2 * ((1 + v2 / n) ^ G - 1).
Proof.
  intros Curved Risk. induction G as [|G IH].
  - rewrite (proj1 Risk); cbn; field; exact Curved.
  - rewrite replace_step, IH by assumption. cbn [pow]. field. lra.
Qed.

Theorem accumulate_risk_flat r G : v2 = 0 -> is_risk pooled r -> r G = V0 / n * harmonic 2 G.
Proof.
  intros Flat Risk. induction G as [|G IH]; [rewrite (proj1 Risk), harmonic_0; ring|].
  rewrite accumulate_step, IH, harmonic_S, Flat by assumption.
  assert (0 < INR (S G)) by (apply lt_0_INR; lia). field. lra.
Qed.

Theorem replace_risk_flat r G : v2 = 0 -> is_risk latest r -> r G = V0 / n * INR G.
Proof.
  intros Flat Risk. induction G as [|G IH]; [rewrite (proj1 Risk); cbn; ring|].
  rewrite replace_step, IH, S_INR, Flat by assumption. field. lra.
Qed.

(* Accumulating is never worse than replacing, for every variance function there is: a negative v2 is -1/m for
   a whole number m of binomial trials, so v2 >= -1 >= -n. *)
Theorem accumulate_at_most_replace r s G : 0 <= V0 -> - n <= v2 -> is_risk pooled r -> is_risk latest s -> r G <= s G.
Proof.
  intros Noise Curvature Small Large.
  assert (0 < / n) as N by (apply Rinv_0_lt_compat; exact n_positive).
  assert (0 <= 1 + v2 * / n) as Whole.
  { replace (1 + v2 * / n) with ((n + v2) * / n) by (field; lra). apply Rmult_le_pos; lra. }
  assert (forall g, 0 <= / (n * INR (S g) ^ 2) <= / n) as Gain.
  { intros g. assert (1 <= INR (S g) ^ 2) by (pose proof (INR_at_least_1 (S g) ltac:(lia)); cbn [pow]; nra).
    split; [left; apply Rinv_0_lt_compat, Rmult_lt_0_compat; lra | apply Rinv_le_contravar; nra]. }
  assert (forall g, 0 <= 1 + v2 * / (n * INR (S g) ^ 2)) as Partial by (intros g; pose proof (Gain g); nra).
  apply (noise_le 0 V0 v2 r s (fun g => / (n * INR g ^ 2)) (fun _ => / n)); intros;
    try (apply accumulate_step || apply replace_step || apply Gain || apply Partial || apply Whole || lia); auto;
    rewrite (proj1 Small); try rewrite (proj1 Large); lra.
Qed.

End Family.
