(* Least squares with d features on T rows a generation, T >= d + 2: every generation draws a fresh design or all
   share one. Excess risk at generation 1 is sigma2 d/(T - d - 1) in either case. *)

From Coq Require Import Reals Lra Lia PeanoNat Psatz.
From Selfgen Require Import Sums Iteration Basel.
Open Scope R_scope.

Section Regression.
Variables (sigma2 d T : R).
Hypothesis noise : 0 < sigma2.
Hypothesis features : 1 <= d.
Hypothesis rows : d + 2 <= T.

Definition baseline : R := sigma2 * d / (T - d - 1).

(* Accumulate: m_g = m_{g-1} + what generation g adds. *)
Definition shared (G : nat) : R := linear 1 0 (fun _ => 1) (fun g => baseline / INR g ^ 2) G.
Definition fresh (G : nat) : R := linear 1 0 (fun _ => 1) (fun g => sigma2 * d / (INR g * (INR g * T - d - 1))) G.

Lemma baseline_positive : 0 < baseline.
Proof. unfold baseline; apply Rdiv_lt_0_compat; nra. Qed.

Theorem shared_closed_form G : shared G = baseline * harmonic 2 G.
Proof.
  unfold shared. rewrite linear_sum by lia. unfold harmonic. rewrite <- sum_scale, Rplus_0_l.
  apply sum_ext; reflexivity.
Qed.

Theorem fresh_closed_form G : fresh G = sum 1 (fun g => sigma2 * d / (INR g * (INR g * T - d - 1))) G.
Proof. unfold fresh. rewrite linear_sum by lia. ring. Qed.

Lemma fresh_step_below g : (1 <= g)%nat ->
  0 < sigma2 * d / (INR g * (INR g * T - d - 1)) <= baseline / INR g ^ 2.
Proof.
  intros H; pose proof (INR_at_least_1 g H) as Hg. unfold baseline.
  assert (0 < sigma2 * d) as P by nra. assert (INR g * (T - d - 1) <= INR g * T - d - 1) as Q by nra.
  assert (0 < INR g * (T - d - 1)) as Z by (apply Rmult_lt_0_compat; lra).
  split; [apply Rdiv_lt_0_compat, Rmult_lt_0_compat; lra|].
  replace (sigma2 * d / (T - d - 1) / INR g ^ 2) with (sigma2 * d * / (INR g * (INR g * (T - d - 1)))) by (field; lra).
  apply Rmult_le_compat_l; [lra|]. apply Rinv_le_contravar; [|apply Rmult_le_compat_l]; try lra.
  apply Rmult_lt_0_compat; lra.
Qed.

(* fresh <= shared < pi^2/6 of the baseline *)
Theorem fresh_at_most_shared G : fresh G <= shared G.
Proof.
  unfold fresh, shared. rewrite !linear_sum by lia.
  apply Rplus_le_compat_l, sum_le; intros g [H _]; apply fresh_step_below, H.
Qed.

Theorem shared_bound G : shared G < PI ^ 2 / 6 * baseline.
Proof.
  rewrite shared_closed_form, Rmult_comm. apply Rmult_lt_compat_r; [apply baseline_positive | apply basel_bound].
Qed.

Theorem fresh_bound G : fresh G < PI ^ 2 / 6 * baseline.
Proof. apply Rle_lt_trans with (shared G); [apply fresh_at_most_shared | apply shared_bound]. Qed.

End Regression.
