(* A budget of one block drawn without replacement from the pool, to leading order in 1/n.

   In units of the baseline the pool mean has risk a_g with a_g = a_{g-1} + (noise of block g)/g^2, where block g is
   sampled from model g - 1, whose own draw adds 1 - 1/(g-1); and model g has risk a_g + 1 - 1/g. *)

From Coq Require Import Reals Lra Lia PeanoNat Psatz.
From Selfgen Require Import Sums Iteration Basel Pathway.
Open Scope R_scope.

Definition draw (g : nat) : R := 1 - / INR g.

Definition pool_mean (G : nat) : R := linear 2 1 (fun _ => 1) (fun g => (1 + draw (g - 1)) / INR g ^ 2) G.

Definition subsampled (G : nat) : R := pool_mean G + draw G.

Theorem subsampled_closed_form G : (1 <= G)%nat -> subsampled G = 3 * harmonic 2 G - 2.
Proof.
  intros H. unfold subsampled. enough (pool_mean G = 3 * harmonic 2 G - 2 - draw G) by lra.
  unfold pool_mean, linear.
  apply (iterate_unique 1 1 (fun g moment => 1 * moment + (1 + draw (g - 1)) / INR g ^ 2)
           (fun g => 3 * harmonic 2 g - 2 - draw g)); [unfold draw; cbn; field| |exact H].
  intros g Hg; rewrite harmonic_S. replace (S g - 1)%nat with g by lia. unfold draw.
  pose proof (INR_at_least_1 g Hg). rewrite S_INR. field. lra.
Qed.

Theorem subsampled_bound G : (1 <= G)%nat -> subsampled G < PI ^ 2 / 2 - 2.
Proof. intros H; rewrite subsampled_closed_form by exact H. pose proof (basel_bound G). lra. Qed.

Theorem subsampled_bound_is_least B : B < PI ^ 2 / 2 - 2 -> exists G, (1 <= G)%nat /\ B < subsampled G.
Proof.
  intros H. destruct (basel_least ((B + 2) / 3)) as [G [HG Above]]; [lra|].
  exists G; split; [exact HG|]. rewrite subsampled_closed_form by exact HG. lra.
Qed.

(* Throwing samples away never helps. *)
Theorem accumulate_at_most_subsampled G : (1 <= G)%nat -> ratio pooled G <= subsampled G.
Proof.
  intros H; rewrite accumulate_ratio, subsampled_closed_form by exact H.
  pose proof (harmonic_at_least_1 2 G H). lra.
Qed.
