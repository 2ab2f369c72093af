(* The harmonic law of kernel density estimation.

   Sampling from a kernel density adds one kernel to a data point. The mean number of kernels that a sample of
   model g carries is one more than that of the points it is fitted on: k_g = 1 + sum_j w_{g,j} k_{j-1}, k_0 = 0. Each
   kernel adds h^2 to the variance. *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Selfgen Require Import Sums Basel Pathway.
Open Scope R_scope.

Definition kernels (w : nat -> nat -> R) (G : nat) : R := deviation w (fun _ => 1) none G.

Theorem kernels_equation w g : (1 <= g)%nat -> kernels w g = 1 + sum 1 (fun j => w g j * kernels w (j - 1)) g.
Proof.
  intros H; unfold kernels; rewrite deviation_equation by exact H. f_equal.
  apply sum_ext; intros; unfold none; ring.
Qed.

Theorem accumulate_kernels G : kernels pooled G = harmonic 1 G.
Proof.
  induction G as [|G IH]; [reflexivity|].
  rewrite harmonic_S, <- IH, pow_1.
  assert (0 < INR (S G)) by (apply lt_0_INR; lia).
  rewrite kernels_equation by lia. unfold pooled at 1. rewrite sum_scale, sum_S by lia.
  replace (S G - 1)%nat with G by lia.
  destruct G as [|G]; [unfold kernels, deviation; cbn [history sum]; change (INR 1) with 1; field|].
  assert (0 < INR (S G)) by (apply lt_0_INR; lia).
  pose proof (kernels_equation pooled (S G) ltac:(lia)) as E. unfold pooled at 2 in E. rewrite sum_scale in E.
  set (total := sum 1 _ (S G)) in *.
  replace total with (INR (S G) * (kernels pooled (S G) - 1)) by (rewrite E; field; lra).
  rewrite (S_INR (S G)) in *. field. lra.
Qed.

Theorem replace_kernels G : kernels latest G = INR G.
Proof.
  induction G as [|G IH]; [reflexivity|]. rewrite kernels_equation, sum_S by lia.
  unfold latest at 3. rewrite Nat.eqb_refl. replace (S G - 1)%nat with G by lia.
  rewrite (sum_ext 1 _ (fun _ => 0 * 0)).
  - rewrite sum_scale, IH, S_INR; ring.
  - intros j Hj. unfold latest at 1. rewrite (proj2 (Nat.eqb_neq _ _)) by lia; ring.
Qed.

(* The variance of a model whose truth has variance sigma2. *)
Definition variance (sigma2 h : R) w (G : nat) : R := sigma2 + kernels w G * h ^ 2.

Theorem accumulate_variance sigma2 h G : variance sigma2 h pooled G = sigma2 + harmonic 1 G * h ^ 2.
Proof. unfold variance; now rewrite accumulate_kernels. Qed.

Theorem replace_variance sigma2 h G : variance sigma2 h latest G = sigma2 + INR G * h ^ 2.
Proof. unfold variance; now rewrite replace_kernels. Qed.
