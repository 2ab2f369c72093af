(* Sums, products and harmonic numbers over generations first, ..., last. *)

From Coq Require Import Reals Lra Lia PeanoNat.
Open Scope R_scope.

(* f first + ... + f last; an empty range sums to 0. *)
Fixpoint sum (first : nat) (f : nat -> R) (last : nat) : R :=
  match last with
  | O => 0
  | S before => if first <=? S before then sum first f before + f (S before) else 0
  end.

(* f first * ... * f last; an empty range multiplies to 1. *)
Fixpoint product (first : nat) (f : nat -> R) (last : nat) : R :=
  match last with
  | O => 1
  | S before => if first <=? S before then product first f before * f (S before) else 1
  end.

(* H_G^(order) = 1/1^order + ... + 1/G^order. *)
Definition harmonic (order : nat) (G : nat) : R := sum 1 (fun i => / INR i ^ order) G.

Lemma sum_S first f G : (first <= S G)%nat -> sum first f (S G) = sum first f G + f (S G).
Proof. intros H; cbn [sum]; now rewrite (proj2 (Nat.leb_le _ _) H). Qed.

Lemma product_S first f G : (first <= S G)%nat -> product first f (S G) = product first f G * f (S G).
Proof. intros H; cbn [product]; now rewrite (proj2 (Nat.leb_le _ _) H). Qed.

Lemma sum_empty first f G : (G < first)%nat -> sum first f G = 0.
Proof. destruct G; [reflexivity|]; intros H; cbn [sum]; now rewrite (proj2 (Nat.leb_gt _ _) H). Qed.

Lemma product_empty first f G : (G < first)%nat -> product first f G = 1.
Proof. destruct G; [reflexivity|]; intros H; cbn [product]; now rewrite (proj2 (Nat.leb_gt _ _) H). Qed.

Lemma harmonic_0 order : harmonic order 0 = 0.
Proof. reflexivity. Qed.

Lemma harmonic_S order G : harmonic order (S G) = harmonic order G + / INR (S G) ^ order.
Proof. unfold harmonic; apply (sum_S 1); lia. Qed.

Lemma pow_next q skipped G : (skipped <= G)%nat -> q ^ (S G - skipped) = q * q ^ (G - skipped).
Proof. intros H; replace (S G - skipped)%nat with (S (G - skipped)) by lia; reflexivity. Qed.

Lemma sum_ext first f g G :
  (forall i, (first <= i <= G)%nat -> f i = g i) -> sum first f G = sum first g G.
Proof.
  induction G as [|G IH]; intros H; [reflexivity|].
  destruct (Nat.le_gt_cases first (S G)) as [L|L].
  - rewrite !sum_S by lia. rewrite IH by (intros; apply H; lia). f_equal; apply H; lia.
  - now rewrite !sum_empty.
Qed.

Lemma sum_le first f g G :
  (forall i, (first <= i <= G)%nat -> f i <= g i) -> sum first f G <= sum first g G.
Proof.
  induction G as [|G IH]; intros H; [apply Rle_refl|].
  destruct (Nat.le_gt_cases first (S G)) as [L|L].
  - rewrite !sum_S by lia. apply Rplus_le_compat; [apply IH; intros; apply H; lia | apply H; lia].
  - rewrite !sum_empty by lia; apply Rle_refl.
Qed.

Lemma sum_plus first f g G : sum first (fun i => f i + g i) G = sum first f G + sum first g G.
Proof.
  induction G as [|G IH]; [cbn; ring|].
  destruct (Nat.le_gt_cases first (S G)).
  - rewrite !sum_S, IH by lia; ring.
  - rewrite !sum_empty by lia; ring.
Qed.

Lemma sum_scale first c f G : sum first (fun i => c * f i) G = c * sum first f G.
Proof.
  induction G as [|G IH]; [cbn; ring|].
  destruct (Nat.le_gt_cases first (S G)).
  - rewrite !sum_S, IH by lia; ring.
  - rewrite !sum_empty by lia; ring.
Qed.

Lemma sum_nonnegative first f G : (forall i, (first <= i <= G)%nat -> 0 <= f i) -> 0 <= sum first f G.
Proof.
  intros H. replace 0 with (sum first (fun _ => 0 * 0) G) by (rewrite sum_scale; ring).
  apply sum_le; intros; rewrite Rmult_0_l; auto.
Qed.

(* Sums that start at 1: split, reverse, pair. *)

Lemma sum_split f m n : sum 1 f (m + n) = sum 1 f m + sum 1 (fun i => f (m + i)%nat) n.
Proof.
  induction n as [|n IH]; [rewrite Nat.add_0_r; cbn; ring|].
  rewrite Nat.add_succ_r, !sum_S, IH by lia. rewrite <- Nat.add_succ_r; ring.
Qed.

Lemma sum_head f n : sum 1 f (S n) = f 1%nat + sum 1 (fun i => f (S i)) n.
Proof. change (S n) with (1 + n)%nat; rewrite sum_split; cbn; ring. Qed.

Lemma sum_reverse n : forall f, sum 1 f n = sum 1 (fun i => f (S n - i)%nat) n.
Proof.
  induction n as [|n IH]; intros f; [reflexivity|].
  rewrite sum_head, sum_S by lia.
  replace (S (S n) - S n)%nat with 1%nat by lia.
  rewrite (IH (fun i => f (S i))), Rplus_comm; f_equal.
  apply sum_ext; intros i Hi; f_equal; lia.
Qed.

Lemma sum_pairs f n : sum 1 f (n + n) = sum 1 (fun i => f i + f (S (n + n) - i)%nat) n.
Proof.
  rewrite sum_split, sum_plus, (sum_reverse n (fun i => f (n + i)%nat)). f_equal.
  apply sum_ext; intros i Hi; f_equal; lia.
Qed.

Lemma product_nonnegative first f G :
  (forall i, (first <= i <= G)%nat -> 0 <= f i) -> 0 <= product first f G.
Proof.
  induction G as [|G IH]; intros H; [cbn; lra|].
  destruct (Nat.le_gt_cases first (S G)).
  - rewrite product_S by lia. apply Rmult_le_pos; [apply IH; intros; apply H; lia | apply H; lia].
  - rewrite product_empty by lia; lra.
Qed.

Lemma product_nonzero first f G :
  (forall i, (first <= i <= G)%nat -> f i <> 0) -> product first f G <> 0.
Proof.
  induction G as [|G IH]; intros H; [cbn; lra|].
  destruct (Nat.le_gt_cases first (S G)).
  - rewrite product_S by lia. apply Rmult_integral_contrapositive_currified; [apply IH; intros; apply H; lia|].
    apply H; lia.
  - rewrite product_empty by lia; lra.
Qed.

Lemma product_constant q G : product 1 (fun _ => q) G = q ^ G.
Proof. induction G as [|G IH]; [reflexivity|]. rewrite product_S, IH by lia. cbn [pow]; ring. Qed.

Lemma INR_at_least_1 i : (1 <= i)%nat -> 1 <= INR i.
Proof. intros H; apply (le_INR 1 i H). Qed.

Lemma harmonic_at_least_1 order G : (1 <= G)%nat -> 1 <= harmonic order G.
Proof.
  intros H; destruct G as [|G]; [lia|]. unfold harmonic; rewrite sum_head.
  assert (0 <= sum 1 (fun i => / INR (S i) ^ order) G).
  { apply sum_nonnegative; intros. left; apply Rinv_0_lt_compat, pow_lt, lt_0_INR; lia. }
  change (INR 1) with 1; rewrite pow1, Rinv_1; lra.
Qed.
