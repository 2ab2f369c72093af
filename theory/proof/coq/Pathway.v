(* From the weights of a workflow to the ratio of every regular model.

   Model g weighs blocks 1, ..., g. Block j is sampled from model j - 1: its mean is off by the deviation of
   that model plus fresh noise. What the noise of block j weighs in model g is its pathway coefficient, and
   the ratio is the sum of their squares. *)

From Coq Require Import Reals Lra Lia PeanoNat.
From Selfgen Require Import Sums Basel.
Open Scope R_scope.

(* deviations up to generation g: x_k = bias_k + sum_{j <= k} w_{k,j} (x_{j-1} + noise_j), x_0 = 0 *)
Fixpoint history (w : nat -> nat -> R) (bias noise : nat -> R) (g : nat) : nat -> R :=
  match g with
  | O => fun _ => 0
  | S before => fun k =>
      if k =? S before
      then bias k + sum 1 (fun j => w k j * (history w bias noise before (j - 1) + noise j)) k
      else history w bias noise before k
  end.

Definition deviation w bias noise (g : nat) : R := history w bias noise g g.

Lemma history_settled w bias noise k g : (k <= g)%nat -> history w bias noise g k = deviation w bias noise k.
Proof.
  intros H; induction H as [|g H IH]; [reflexivity|].
  cbn [history]. rewrite (proj2 (Nat.eqb_neq _ _)) by lia. exact IH.
Qed.

Theorem deviation_equation w bias noise g : (1 <= g)%nat ->
  deviation w bias noise g = bias g + sum 1 (fun j => w g j * (deviation w bias noise (j - 1) + noise j)) g.
Proof.
  destruct g as [|g]; intros H; [lia|].
  unfold deviation at 1; cbn [history]. rewrite Nat.eqb_refl. f_equal.
  apply sum_ext; intros j Hj. rewrite history_settled by lia. reflexivity.
Qed.

Definition none : nat -> R := fun _ => 0.
Definition unit (j : nat) : nat -> R := fun i => if i =? j then 1 else 0.

(* C_{g,j}: what unit noise in block j alone does to model g. *)
Definition coefficient w (g j : nat) : R := deviation w none (unit j) g.

Definition ratio w (G : nat) : R := sum 1 (fun j => coefficient w G j ^ 2) G.

Lemma sum_exchange (a : nat -> nat -> R) m n :
  sum 1 (fun i => sum 1 (fun j => a i j) n) m = sum 1 (fun j => sum 1 (fun i => a i j) m) n.
Proof.
  induction m as [|m IH].
  - cbn [sum]. symmetry. rewrite (sum_ext 1 _ (fun _ => 0 * 0)) by (intros; ring). rewrite sum_scale; ring.
  - rewrite sum_S, IH by lia. rewrite <- sum_plus. apply sum_ext; intros; rewrite sum_S by lia; reflexivity.
Qed.

Lemma sum_unit noise i N : (1 <= i <= N)%nat -> sum 1 (fun j => unit j i * noise j) N = noise i.
Proof.
  unfold unit. induction N as [|N IH]; intros H; [lia|]. rewrite sum_S by lia.
  destruct (Nat.eq_dec i (S N)) as [->|D].
  - rewrite Nat.eqb_refl. rewrite (sum_ext 1 _ (fun _ => 0 * 0)).
    + rewrite sum_scale; ring.
    + intros j Hj. rewrite (proj2 (Nat.eqb_neq _ _)) by lia; ring.
  - rewrite IH by lia. rewrite (proj2 (Nat.eqb_neq _ _)) by lia; ring.
Qed.

(* The noise of each block travels on its own: delta_g = sum_j C_{g,j} noise_j. *)
Theorem pathway w noise N : forall g, (g <= N)%nat ->
  deviation w none noise g = sum 1 (fun j => coefficient w g j * noise j) N.
Proof.
  intros g; induction g as [g IH] using (well_founded_induction Nat.lt_wf_0); intros H.
  destruct g as [|g].
  { rewrite (sum_ext 1 _ (fun _ => 0 * 0)) by (intros; unfold coefficient, deviation; cbn; ring).
    rewrite sum_scale; unfold deviation; cbn; ring. }
  rewrite deviation_equation by lia.
  rewrite (sum_ext 1 (fun j => coefficient w (S g) j * noise j)
    (fun j => sum 1 (fun i => w (S g) i * ((coefficient w (i - 1) j + unit j i) * noise j)) (S g))).
  2:{ intros j Hj. unfold coefficient at 1. rewrite deviation_equation by lia. unfold none at 1.
      rewrite Rplus_0_l, Rmult_comm, <- sum_scale. apply sum_ext; intros; unfold coefficient; ring. }
  rewrite <- sum_exchange. unfold none at 1. rewrite Rplus_0_l. apply sum_ext; intros i Hi.
  rewrite sum_scale. f_equal. rewrite IH by lia.
  rewrite <- (sum_unit noise i N) at 1 by lia. rewrite <- sum_plus. apply sum_ext; intros; ring.
Qed.

(* Accumulate: blocks 1, ..., g are pooled. *)
Definition pooled (g j : nat) : R := / INR g.

(* Replace: block g alone. *)
Definition latest (g j : nat) : R := if j =? g then 1 else 0.

Lemma pooled_step noise g : deviation pooled none noise (S g) = deviation pooled none noise g + noise (S g) / INR (S g).
Proof.
  assert (0 < INR (S g)) as P by (apply lt_0_INR; lia).
  rewrite deviation_equation by lia. unfold none at 1, pooled at 1. rewrite sum_scale, sum_S by lia.
  replace (S g - 1)%nat with g by lia.
  destruct g as [|g].
  - unfold deviation; cbn [history sum]. rewrite !Rplus_0_l. unfold Rdiv; ring.
  - assert (0 < INR (S g)) as Q by (apply lt_0_INR; lia).
    pose proof (deviation_equation pooled none noise (S g) ltac:(lia)) as E.
    unfold none at 2, pooled at 2 in E. rewrite sum_scale in E.
    set (total := sum 1 _ (S g)) in *.
    replace total with (INR (S g) * deviation pooled none noise (S g)) by (rewrite E; field; lra).
    rewrite (S_INR (S g)) in *. field. lra.
Qed.

Theorem pooled_deviation noise G : deviation pooled none noise G = sum 1 (fun i => noise i / INR i) G.
Proof.
  induction G as [|G IH]; [reflexivity|]. rewrite pooled_step, IH, sum_S by lia. reflexivity.
Qed.

Theorem pooled_coefficient G j : (1 <= j <= G)%nat -> coefficient pooled G j = / INR j.
Proof.
  intros H. unfold coefficient. rewrite pooled_deviation.
  rewrite <- (sum_unit (fun i => / INR i) j G H). apply sum_ext; intros i Hi. unfold unit, Rdiv.
  destruct (Nat.eq_dec i j) as [->|D]; [reflexivity|].
  rewrite !(proj2 (Nat.eqb_neq _ _)) by lia; ring.
Qed.

Lemma latest_step noise g : deviation latest none noise (S g) = deviation latest none noise g + noise (S g).
Proof.
  rewrite deviation_equation by lia. unfold none at 1. rewrite sum_S by lia.
  unfold latest at 3. rewrite Nat.eqb_refl. replace (S g - 1)%nat with g by lia.
  rewrite (sum_ext 1 _ (fun _ => 0 * 0)).
  - rewrite sum_scale; ring.
  - intros j Hj. unfold latest at 1. rewrite (proj2 (Nat.eqb_neq _ _)) by lia; ring.
Qed.

Theorem latest_coefficient G j : (1 <= j <= G)%nat -> coefficient latest G j = 1.
Proof.
  intros H. unfold coefficient.
  assert (forall g, deviation latest none (unit j) g = sum 1 (unit j) g) as E.
  { induction g as [|g IH]; [reflexivity|]. rewrite latest_step, IH, sum_S by lia; reflexivity. }
  rewrite E. rewrite <- (sum_unit (fun _ => 1) j G H). apply sum_ext; intros i Hi. unfold unit.
  rewrite Nat.eqb_sym; ring.
Qed.

(* The ratio of accumulate is H_G^(2), below pi^2/6; that of replace is G. *)
Theorem accumulate_ratio G : ratio pooled G = harmonic 2 G.
Proof.
  unfold ratio, harmonic. apply sum_ext; intros j Hj. rewrite pooled_coefficient by lia. now rewrite pow_inv.
Qed.

Theorem accumulate_bound G : ratio pooled G < PI ^ 2 / 6.
Proof. rewrite accumulate_ratio; apply basel_bound. Qed.

Theorem replace_ratio G : ratio latest G = INR G.
Proof.
  unfold ratio. rewrite (sum_ext 1 _ (fun _ => 1)).
  - induction G as [|G IH]; [reflexivity|]. rewrite sum_S, IH, S_INR by lia; reflexivity.
  - intros j Hj. rewrite latest_coefficient by lia; ring.
Qed.
